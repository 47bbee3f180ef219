"""Examples of the pages about bundles, comparisons and control slides."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from uuid_utils.compat import uuid7

from app.domain.abnormality import Abnormality
from app.domain.bundle_switch import BundlePart, BundleSwitch, Reclassification
from app.domain.comparison import CASES_FOR_BOOTSTRAP, compare
from app.domain.control import (
    ControlCounts,
    ControlSet,
    ControlState,
    RunKind,
    SetRun,
    Shift,
)
from app.domain.finding import read_cell
from app.ports import Bundle, InstalledBundle
from app.services.controlling import ControlStanding
from app.web.pages.bundle_contexts import CardPage, ShadowPage
from app.web.pages.present_bundles import ReclassifyForm, bundle_text, reclassify_page
from app.web.pages.present_controls import controls_page
from app.web.pages.present_installed import Known, SwitchForm, bundles_page
from app.web.pages.present_measured import (
    comparison_page,
    comparisons_page,
    measured_part,
    run_progress,
)
from tests.factories import NOW, make_cell, make_findings, make_manifest, make_rule

LATER = NOW + timedelta(hours=3)
HOSTILE = '<script>alert("1")</script>'
# A name that examples may say in every language.
FIRST = Bundle(make_manifest(name="VEXAS"), make_rule())
SECOND = Bundle(make_manifest(name="VEXAS", version="0.0.2"), make_rule(minimum_cells=1))
MANIFESTS = (FIRST.manifest, SECOND.manifest)
DIGESTS = (FIRST.manifest.digest, SECOND.manifest.digest)
TITLES = {item.digest: item.title for item in MANIFESTS}
FIXED = ControlSet(uuid7(), HOSTILE, NOW, "Dr Ann", 5, is_daily=True)


def bundle_pages(case) -> dict[str, list[object]]:
    """Template name to contexts that reach every branch of it."""
    part = measured_part(compared(str(case.id)), MANIFESTS, {str(case.id): "A-1"})
    return {
        "reclassify.html": _reclassify_pages(case),
        "bundles.html": _bundles_pages(),
        "bundle_card.html": [CardPage("VEXAS", "d" * 64, HOSTILE)],
        "bundle_shadow.html": [
            ShadowPage(None, None),
            ShadowPage(bundle_text(SECOND.manifest), None),
            ShadowPage(bundle_text(SECOND.manifest), part),
        ],
        "comparisons.html": _comparisons_pages(),
        "comparison.html": _comparison_pages(case),
        "set_progress.html": [run_progress(_run(), FIXED, 3), run_progress(_done(), FIXED, 10)],
        "controls.html": _controls_pages(),
    }


def compared(group: str):
    """A case of which one cell differs, one that is erased, and enough others."""
    cell = make_cell()
    shown = make_findings(cell, {Abnormality.VACUOLE})
    pairs = [
        tuple(
            read_cell(cell, found, manifest)
            for found, manifest in zip(both, MANIFESTS, strict=True)
        )
        for both in ((shown, make_findings(cell)), (shown, shown), (shown, None))
    ]
    others = {f"P-{number}": pairs for number in range(CASES_FOR_BOOTSTRAP)}
    groups = {group: pairs, str(uuid7()): pairs[:1], **others}
    return compare(groups, (FIRST.rule, SECOND.rule))


def _run(kind=RunKind.COMPARISON, **changes) -> SetRun:
    digests = DIGESTS if kind is RunKind.COMPARISON else DIGESTS[:1]
    return replace(SetRun(uuid7(), FIXED.id, kind, digests, NOW, "Dr Ann"), **changes)


def _done(**changes) -> SetRun:
    return _run(finished_at=LATER, **changes)


def _bundles_pages() -> list[object]:
    moved = _control(Shift((("vacuole", 3, 4),), 0.4))
    switches = [
        BundleSwitch(uuid7(), part, digest, NOW, None, HOSTILE, HOSTILE)
        for part, digest in (
            (BundlePart.ACTIVE, DIGESTS[0]),
            (BundlePart.SHADOW, DIGESTS[1]),
            (BundlePart.SHADOW, None),
        )
    ]
    known = Known(
        FIRST.manifest, DIGESTS[1], switches, {DIGESTS[0]: 9}, {DIGESTS[0]: moved}, TITLES
    )
    installed = [
        InstalledBundle(Path("P-1"), FIRST, None, HOSTILE),
        InstalledBundle(Path("P-1"), SECOND, None, ""),
        InstalledBundle(Path("r-1"), None, HOSTILE, ""),
    ]
    alone = Known(FIRST.manifest, None, [], {}, {DIGESTS[0]: _control(None)}, {})
    form = SwitchForm(DIGESTS[1], HOSTILE, "Wrong.")
    return [
        bundles_page(installed, known, form, HOSTILE, LATER),
        bundles_page(installed[:2], alone, SwitchForm(), "P-1", LATER),
        bundles_page(installed[:1], alone, SwitchForm(), "P-1", LATER),
        bundles_page([], replace(known, shadow_digest=None), SwitchForm(), "P-1", LATER),
    ]


def _comparisons_pages() -> list[object]:
    runs = [_run(), _done(), _done(problem=HOSTILE)]
    names = {FIXED.id: HOSTILE}
    form = {"cases": HOSTILE, "set_id": str(FIXED.id)}
    return [
        comparisons_page(runs, [FIXED], names, TITLES, MANIFESTS, form, "Wrong.", LATER),
        comparisons_page([], [], {}, {}, MANIFESTS[:1], {}, None, LATER),
    ]


def _comparison_pages(case) -> list[object]:
    names = {str(case.id): "A-1"}
    found = compared(str(case.id))
    return [
        comparison_page(_run(), FIXED, 3, MANIFESTS, None, {}, LATER),
        comparison_page(_done(problem="Wrong."), FIXED, 3, MANIFESTS, None, {}, LATER),
        comparison_page(_done(), FIXED, 10, MANIFESTS, found, names, LATER),
    ]


def _control(shift, failed=0) -> SetRun:
    counts = ControlCounts(5, dict.fromkeys(Abnormality, 1), failed)
    return _run(
        RunKind.CONTROL, finished_at=NOW, counts=counts, shift=shift, baseline_id=UUID(int=1)
    )


def _controls_pages() -> list[object]:
    runs = [
        _run(RunKind.CONTROL),
        _control(None),
        _control(Shift((), 0.0)),
        _control(Shift((), 0.4)),
        _control(Shift((), 0.000001)),
        _control(Shift((("failed", 0, 1), ("pmn", 5, 4)), 0.4), failed=1),
        replace(_control(None), problem="Wrong."),
    ]
    sets = [
        ControlStanding(replace(FIXED, id=uuid7()), state, runs if state.is_alarm else [])
        for state in ControlState
    ]
    return [
        controls_page(sets, TITLES, {"name": HOSTILE, "cases": HOSTILE}, "Wrong.", LATER),
        controls_page([], {}, {}, None, LATER),
    ]


def _reclassify_pages(case) -> list[object]:
    first, second = MANIFESTS
    past = [
        Reclassification(uuid7(), case.id, None, first.digest, uuid7(), HOSTILE, NOW, HOSTILE),
        Reclassification(
            uuid7(), case.id, first.digest, second.digest, uuid7(), "Dr Ann", NOW, HOSTILE
        ),
    ]
    form = ReclassifyForm(second.digest, HOSTILE, "Wrong.")
    return [
        reclassify_page(case, first, [FIRST], ReclassifyForm(), [], {}, LATER, is_signed=False),
        reclassify_page(case, first, [FIRST, SECOND], form, past, TITLES, LATER, is_signed=True),
    ]
