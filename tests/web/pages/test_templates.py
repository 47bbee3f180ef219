"""Templates and contexts fit each other, and no page breaks its own content security policy."""

import re
from dataclasses import fields, is_dataclass

import pytest
from jinja2 import meta, nodes

from app.web.pages import (
    account_contexts,
    administration_contexts,
    bundle_contexts,
    charts,
    charts_control,
    charts_days,
    charts_reference,
    charts_trend,
    client_contexts,
    contexts,
    destination_contexts,
    gallery_contexts,
    geometry_contexts,
    history_contexts,
    import_contexts,
    neighbour_contexts,
    outlook_contexts,
    people_contexts,
    readers_contexts,
    report_contexts,
    signing_contexts,
    statistics_contexts,
    upload_contexts,
    webhook_contexts,
    worklist_contexts,
)
from app.web.pages.rendering import STATIC, TEMPLATES, chrome, environment, render
from tests.web.pages.examples import HOSTILE, pages

PAGES = pages()
# A name means one thing in all templates.
MEANINGS = {
    "answer": readers_contexts.AgreementRow,
    "addend": report_contexts.Addend,
    "amendment": signing_contexts.AmendmentPart,
    "axis": charts.Axis,
    "both": report_contexts.ComparisonRow,
    "call": contexts.Call,
    "bunch": gallery_contexts.ReviewGroup,
    "card": gallery_contexts.ReviewCard,
    "change": signing_contexts.ChangeRow,
    "chip": worklist_contexts.FilterChip,
    "choice": contexts.Choice,
    "comments": contexts.Comments,
    "entry": contexts.HistoryLine,
    "tallied": gallery_contexts.LabelNumbers,
    "numbers": gallery_contexts.Numbers,
    "exemplar": gallery_contexts.ReferencePicture,
    "remark": contexts.Remark,
    "review": gallery_contexts.ReviewGroups,
    "talk": contexts.CellTalk,
    "toggle": gallery_contexts.Toggle,
    "correction": report_contexts.CorrectionRow,
    "chrome": contexts.Chrome,
    "deliveries": upload_contexts.DeliveriesPart,
    "differing": readers_contexts.DisagreementCard,
    "diverging": charts.DivergingBar,
    "finish": readers_contexts.FinishPart,
    "editor": signing_contexts.EditorPart,
    "field": contexts.FormField,
    "gap": signing_contexts.MissingItem,
    "geometry": geometry_contexts.GeometryPart,
    "header": worklist_contexts.SortHeader,
    "group": contexts.FieldGroup,
    "interval": charts.IntervalBar,
    "item": contexts.Named,
    "line": worklist_contexts.WorklistLine,
    "measured": geometry_contexts.GeometryRow,
    "moment": contexts.Moment,
    "neighbour": neighbour_contexts.SimilarCard,
    "neighbours": neighbour_contexts.SimilarPart,
    "opinion": readers_contexts.Opinion,
    "reading": readers_contexts.ReadingRow,
    "picture": report_contexts.KeyPicture,
    "places": neighbour_contexts.SimilarGroup,
    "progress": contexts.ProgressPart,
    "refusal": upload_contexts.RefusalRow,
    "compared": report_contexts.ReviewPart,
    "scale": charts.ScoreScale,
    "shape": geometry_contexts.OutlineShape,
    "signature": signing_contexts.SignaturePart,
    "person": people_contexts.PersonLine,
    "site": people_contexts.SiteLine,
    "session": account_contexts.SessionRow,
    "first": contexts.SignInPage,
    "snippet": signing_contexts.Snippet,
    "switch": signing_contexts.CellChangeRow,
    "tab": worklist_contexts.StateTab,
    "tick": charts.Tick,
    "unfinished": upload_contexts.UnfinishedRow,
    "upload": upload_contexts.UploadPanel,
    "version": signing_contexts.VersionRow,
    "view": contexts.CellPage,
    "held": client_contexts.KeyLine,
    "handing": bundle_contexts.ReclassificationRow,
    "likeness": bundle_contexts.LabelRow,
    "made": bundle_contexts.ComparisonRunRow,
    "measured_part": bundle_contexts.MeasuredPart,
    "reach": bundle_contexts.RunProgress,
    "reading_run": bundle_contexts.ControlRunRow,
    "shelved": bundle_contexts.InstalledRow,
    "slides": bundle_contexts.ControlSetPart,
    "switched": bundle_contexts.SwitchRow,
    "weighed": bundle_contexts.MeasuredCase,
    "box": charts_reference.GroupBox,
    "curve": charts_trend.TrendChart,
    "label": charts_trend.AxisText,
    "erasure": history_contexts.ErasureRow,
    "happened": history_contexts.TimelineRow,
    "section": administration_contexts.SectionLink,
    "segment": charts_trend.TrendLine,
    "mark": charts_trend.TrendMark,
    "outlook": outlook_contexts.OutlookPart,
    "panel": outlook_contexts.TrendPanel,
    "past": outlook_contexts.TrendRow,
    "plot": outlook_contexts.ReferenceChart,
    "reference": outlook_contexts.ReferencePart,
    "strip": charts_reference.DistributionStrip,
    "trend": outlook_contexts.TrendPart,
    "turn": outlook_contexts.TurnRow,
    "hook": destination_contexts.DestinationLine,
    "webhook": webhook_contexts.WebhookFields,
    "dispatch": destination_contexts.DeliveryLine,
    "sent": destination_contexts.MessagesPart,
    "written": signing_contexts.InterpretationPart,
    "bar": charts_days.CaseBar,
    "bin": statistics_contexts.BinRow,
    "controlled": charts_control.ControlPlot,
    "decided": statistics_contexts.OverrideRow,
    "dot": charts_control.ControlMark,
    "handover": charts_control.BundleStart,
    "overridden": statistics_contexts.OverrideTable,
    "place": statistics_contexts.SiteRow,
    "queue": statistics_contexts.QueueRow,
    "rate": statistics_contexts.RateCell,
    "sums": charts_days.CaseBars,
    "theme": statistics_contexts.DriftGroup,
    "watched": statistics_contexts.DriftPanel,
    "weekly": statistics_contexts.WeekRow,
}
PAST = {"history.html", "data.html"}
LINES = {
    "audit.html": administration_contexts.AuditLine,
    "clients.html": client_contexts.ClientLine,
}
ROWS = {"report.html": report_contexts.AbnormalityRow}
# The whole context goes on to a macro, which names its fields.
PASSED_ON = {
    "progress.html",
    "gallery_groups.html",
    "comments.html",
    "cell_view.html",
    "similar.html",
    "deliveries.html",
    "set_progress.html",
}
TEMPLATE_NAMES = sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html"))


def meaning(template, name):
    if name == "page":
        return type(PAGES[template][0]) if template in PAGES else None
    if name == "row":
        return ROWS[template]
    if name == "past" and template in PAST:
        return history_contexts.HistoryRow
    if name == "line" and template in LINES:
        return LINES[template]
    return MEANINGS.get(name)


def parsed(template):
    return environment().parse((TEMPLATES / template).read_text())


def attributes(template):
    """Each (dataclass, attribute) that the template reads, through chains such as a.b.c."""
    found = set()
    for node in parsed(template).find_all(nodes.Getattr):
        owner = owner_of(template, node.node)
        if owner is not None:
            found.add((owner, node.attr))
    return found


def owner_of(template, node):
    if isinstance(node, nodes.Name):
        return meaning(template, node.name)
    if isinstance(node, nodes.Getattr):
        owner = owner_of(template, node.node)
        return field_type(owner, node.attr) if owner else None
    return None


def field_type(owner, name):
    kinds = {item.name: item.type for item in fields(owner)}
    kind = kinds.get(name)
    for option in getattr(kind, "__args__", (kind,)):
        if is_dataclass(option):
            return option
    return None


@pytest.mark.parametrize("template", TEMPLATE_NAMES)
def test_knows_nothing_but_its_page_and_the_chrome(template):
    tree = parsed(template)
    macros = {name for node in tree.find_all(nodes.FromImport) for name in node.names}
    assert meta.find_undeclared_variables(tree) - macros <= {"page", "chrome"}


@pytest.mark.parametrize("template", TEMPLATE_NAMES)
def test_reads_only_fields_that_exist(template):
    for owner, name in attributes(template):
        assert name in {item.name for item in fields(owner)}, f"{owner.__name__}.{name}"


@pytest.mark.parametrize("template", sorted(set(PAGES) - PASSED_ON))
def test_reads_every_field_of_its_page(template):
    owner = type(PAGES[template][0])
    read = {name for kind, name in attributes(template) if kind is owner}
    inherited = {
        name for part in TEMPLATE_NAMES for kind, name in attributes(part) if kind is owner
    }
    assert read | inherited == {item.name for item in fields(owner)}


def test_no_context_has_a_field_that_no_template_reads():
    read = {pair for template in TEMPLATE_NAMES for pair in attributes(template)}
    modules = (
        bundle_contexts,
        account_contexts,
        client_contexts,
        contexts,
        gallery_contexts,
        geometry_contexts,
        neighbour_contexts,
        outlook_contexts,
        people_contexts,
        readers_contexts,
        report_contexts,
        import_contexts,
        upload_contexts,
        signing_contexts,
        statistics_contexts,
        worklist_contexts,
    )
    kinds = [kind for module in modules for kind in vars(module).values() if is_dataclass(kind)]
    unread = {(kind.__name__, item.name) for kind in kinds for item in fields(kind)} - {
        (kind.__name__, name) for kind, name in read
    }
    assert unread == set()


@pytest.mark.parametrize("template", sorted(PAGES))
def test_renders_every_example_without_breaking_the_policy(template):
    for page in PAGES[template]:
        frame = None if template in PASSED_ON else chrome("Title", None, "Not a patient.")
        html = render(template, page, frame).body.decode()
        assert HOSTILE not in html
        assert not re.search(r"\s(style|on\w+)=", html)
        assert "<style" not in html
        assert not re.search(r"<script(?![^>]*\ssrc=\"/static/)", html)
        assert not re.search(r"(src|href|action|hx-get)=\"(https?:)?//", html)
        if frame:
            assert frame.research_use_notice in html
            assert "Not a patient." in html


@pytest.mark.parametrize("template", sorted(set(PAGES) - PASSED_ON))
def test_every_label_names_an_input_and_every_id_is_there_once(template):
    for page in PAGES[template]:
        html = render(template, page, chrome("Title", None)).body.decode()
        ids = re.findall(r'\sid="([^"]+)"', html)
        assert len(ids) == len(set(ids))
        assert set(re.findall(r'<label[^>]*\sfor="([^"]+)"', html)) <= set(ids)
        assert set(re.findall(r'aria-(?:describedby|labelledby)="([^"]+)"', html)) <= set(ids)


def test_static_files_that_pages_name_exist():
    for template in TEMPLATE_NAMES:
        text = (TEMPLATES / template).read_text().replace("v-{{ chrome.asset_version }}/", "")
        for name in re.findall(r'"/static/([^"?]+)', text):
            assert (STATIC / name).is_file()


def test_the_style_sheet_and_scripts_load_nothing_from_elsewhere():
    for path in (*STATIC.rglob("*.css"), *STATIC.rglob("*.js")):
        if path.parent.name == "vendor":
            continue
        text = path.read_text()
        assert "url(" not in text
        assert "://" not in text
        assert "innerHTML =" not in text
        assert "eval(" not in text
