"""Examples of reviewed, signed and amended reports, and of the pages around a signature."""

from dataclasses import replace
from datetime import timedelta

from uuid_utils.compat import uuid7

from app.domain.abnormality import Abnormality
from app.domain.access import Role
from app.domain.case import Progress
from app.domain.difference import difference
from app.domain.errors import Conflict, InvalidInput
from app.domain.history import case_point
from app.domain.message import message
from app.domain.report import Interpretation
from app.domain.review import Act, CellReview, Reading, ReviewRule, decide
from app.domain.signing import (
    Amendment,
    Meaning,
    ReadingState,
    ReviewState,
    Signature,
    SignedVersion,
    missing,
)
from app.domain.user import AT_PROVIDER, User
from app.ports import Bundle
from app.services.reading import CaseAsRead
from app.services.report_content import digest, to_content
from app.services.reporting import report_of
from app.services.signing import Standing
from app.web.pages.present_difference import differences_page
from app.web.pages.present_interpretation import interpretation_page
from app.web.pages.present_report import report_page
from app.web.pages.present_versions import (
    AmendForm,
    SignForm,
    amend_page,
    sign_page,
    versions_page,
)
from tests.factories import NOW, make_correction, make_reference, make_rule

LATER = NOW + timedelta(hours=3)
HOSTILE = '<script>alert("1")</script>'
EXTERNAL = User(uuid7(), "bea", Role.HAEMATOLOGIST, AT_PROVIDER, full_name=HOSTILE)
READER = User(uuid7(), "ann", Role.HAEMATOLOGIST, "x", full_name=HOSTILE)
CORRECTED = make_rule(
    correction=make_correction(),
    reference=make_reference(),
    apparent_reference_proportions=dict.fromkeys(Abnormality, 0.067),
)


def event(case, cell, act, label=None, sequence=1, reading=Reading.FIRST):
    """What a reader decides on a cell that nobody has looked at."""
    return CellReview(
        id=uuid7(),
        case_id=case.id,
        sequence=sequence,
        cell_id=cell.cell.id,
        reading=reading,
        reader_id=READER.id,
        reader_name=READER.printed_name,
        at=LATER,
        act=act,
        label=label,
        decision=decide(act, label, cell),
        action_id=uuid7(),
        undoes=None,
        bundle_digest="d" * 64,
    )


def as_read(cells, acts, rule=None, readings=None, second=()):
    """A case on whose first cells a reader did these acts, and a second one those."""
    done = [
        event(cells.case, cell, *act, sequence=number, reading=reading)
        for reading, acts_of in ((Reading.FIRST, acts), (Reading.SECOND, second))
        for number, (cell, act) in enumerate(zip(cells.read, acts_of, strict=False), start=1)
    ]
    return CaseAsRead(
        case=cells.case,
        bundle=Bundle(cells.manifest, rule or make_rule()),
        rule=ReviewRule(),
        progress=Progress(len(cells.read), len(cells.read), 0),
        read=cells.read,
        waiting=[],
        failures={},
        reviews=done,
        readings=readings or {},
        is_blinded=False,
    )


def reviewed_report(cells, acts, rule=None, text=None, **more):
    """The report of it."""
    written = Interpretation(text, READER.printed_name, LATER) if text else None
    return report_of(as_read(cells, acts, rule, **more), LATER, written)


def signed(report, number, reason=None):
    """A version of it, and the report as signed."""
    meaning = Meaning.AMENDED if reason else Meaning.REVIEWED
    signature = Signature(READER.id, READER.printed_name, LATER, meaning, reason, READER.name)
    report = replace(report, version=number, signature=signature)
    content = to_content(report)
    version = SignedVersion(uuid7(), report.case.id, number, signature, content, digest(content))
    return version, report


def amendment(report):
    """An open one."""
    return Amendment(report.case.id, READER.id, READER.printed_name, LATER, HOSTILE)


def both_finished():
    """Two readings, both finished."""
    state = ReadingState(READER.id, READER.printed_name, NOW, LATER)
    return {Reading.FIRST: state, Reading.SECOND: state}


def report_examples(cells):
    """Every standing of a report, and every extent of its review."""
    excluded = [(Act.EXCLUDE,), (Act.NORMAL,), (Act.CONFIRM,)]
    everything = [(Act.CONFIRM,)] * len(cells.read)
    draft = reviewed_report(cells, excluded, CORRECTED, f"{HOSTILE}\n\n{HOSTILE}")
    version, first = signed(draft, 1)
    _, second = signed(draft, 2, HOSTILE)
    opened = amendment(draft)
    agreed = {"readings": both_finished(), "second": [(Act.NORMAL,), (Act.NORMAL,)]}
    return [
        report_page(draft, LATER, points=_points(draft)),
        report_page(draft, LATER, Standing(1, amendment=opened)),
        report_page(draft, LATER, Standing(1, amendment=opened, is_blinded=True)),
        report_page(draft, LATER, Standing(is_cancelled=True)),
        report_page(first, LATER, Standing(1, version.sha256)),
        report_page(first, LATER, Standing(2, version.sha256)),
        report_page(second, LATER, Standing(2, version.sha256, opened)),
        report_page(reviewed_report(cells, everything, CORRECTED), LATER),
        report_page(reviewed_report(cells, everything), LATER),
        report_page(reviewed_report(cells, excluded, **agreed), LATER),
    ]


def _points(report):
    """The patient's case a year ago, read with another bundle, and this one."""
    now = case_point(report)
    earlier = {"case_id": uuid7(), "at": now.at - timedelta(days=365), "accession_number": HOSTILE}
    return [replace(now, bundle_digest="e" * 64, **earlier), now]


def signing_pages(cells):
    """Template name to contexts, as `examples.pages`."""
    case = cells.case
    draft = reviewed_report(cells, [(Act.EXCLUDE,)], text=HOSTILE)
    bare = reviewed_report(cells, [])
    first_version, first = signed(bare, 1)
    second_version, second = signed(draft, 2, HOSTILE)
    damaged = replace(second_version, sha256="0" * 64)
    state = ReviewState(None, None, 3, second_required=True, unsettled_count=0)
    gaps = missing(Progress(0, 0, 0), state)
    opened = amendment(draft)
    other = Interpretation(HOSTILE, READER.printed_name, LATER)
    conflict = Conflict(message("The interpretation has been changed since you opened it."))
    return {
        "sign.html": [
            sign_page(draft, Standing(), SignForm(READER, gaps, 3, "d" * 64), LATER),
            sign_page(bare, Standing(1, amendment=opened), SignForm(READER, (), 0, ""), LATER),
            sign_page(draft, Standing(), SignForm(READER, (), 0, "", HOSTILE), LATER),
            sign_page(draft, Standing(), SignForm(EXTERNAL, (), 0, ""), LATER),
            sign_page(draft, Standing(), SignForm(EXTERNAL, (), 0, "", is_confirmed=True), LATER),
        ],
        "amend.html": [
            amend_page(case, 1, AmendForm(), LATER),
            amend_page(case, 2, AmendForm(HOSTILE, HOSTILE), LATER),
        ],
        "versions.html": [
            versions_page(case, [], None, LATER),
            versions_page(case, [first_version, damaged], opened, LATER),
        ],
        "differences.html": [
            differences_page(difference(first, second), first, second, LATER),
            differences_page(difference(second, bare), second, bare, LATER),
            differences_page(difference(first, first), first, first, LATER),
        ],
        "interpretation.html": [
            interpretation_page(case, HOSTILE, "", other, conflict, LATER),
            interpretation_page(
                case,
                HOSTILE,
                "",
                None,
                InvalidInput(message("The text is empty. Write a sentence, and send it again.")),
                LATER,
            ),
        ],
    }
