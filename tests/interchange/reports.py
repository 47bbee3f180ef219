"""Reports in every state that FHIR knows, made of the domain's own values."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone

from uuid_utils.compat import uuid7

from app.domain.case import Case, Progress
from app.domain.finding import Tally
from app.domain.report import Interpretation, Report, compile_report
from app.domain.signing import Meaning, Signature
from app.interchange.fhir_view import ReportView
from tests.factories import NOW, make_case, make_correction, make_manifest, make_rule, make_tally
from tests.interchange.hl7_messages import make_placed

BASE, SERVER = "https://lab.example/fhir", "https://lab.example"
# The reader sits two hours east of UTC, and signs at a fraction of a second.
SIGNED_AT = datetime(2026, 3, 1, 13, 5, 7, 250000, tzinfo=timezone(timedelta(hours=2)))


def make_report(
    counted: Tally | None = None, *, pending: int = 0, case: Case | None = None, **rule: object
) -> Report:
    """A report on a tally; `pending` cells still wait."""
    counted = make_tally(0) if counted is None else counted
    read = len(counted.cells)
    return compile_report(
        case or make_case(),
        counted,
        make_manifest(),
        make_rule(**rule),
        Progress(read + pending, read, 0),
        NOW,
    )


def signed(report: Report, version: int = 1, reason: str | None = None) -> Report:
    """The report as a reader signs it."""
    meaning = Meaning.AMENDED if version > 1 else Meaning.REVIEWED
    signature = Signature(uuid7(), "Dr Ann", SIGNED_AT, meaning, reason, "ann")
    return replace(report, version=version, signature=signature)


def interpreted(report: Report, text: str = "Vacuoles <and> spikes & more.") -> Report:
    """The report with a haematologist's words."""
    return replace(report, interpretation=Interpretation(text, "Dr Ann", NOW))


def view_of(report: Report, previous: Report | None = None) -> ReportView:
    """As the server at `BASE` shows it."""
    return ReportView(report, BASE, SERVER, previous)


def views() -> dict[str, ReportView]:
    """One report for each state, and those that are special."""
    raised = make_report(make_tally(200, vacuole=70, nuclear_spike=31, pseudo_pelger=3))
    clean = make_report(make_tally(150, vacuole=1))
    few = make_report(make_tally(20, vacuole=2))
    first = signed(raised)
    again = replace(raised, case=first.case)
    fewer = replace(make_report(make_tally(199, vacuole=70)), case=first.case)
    corrected = make_report(make_tally(120, vacuole=9), correction=make_correction())
    cleared = replace(clean, case=first.case)
    cleared_again = signed(cleared, 2, "Debris had been taken for vacuoles")
    return {
        "registered": view_of(make_report()),
        "partial": view_of(make_report(make_tally(70, vacuole=7), pending=30)),
        "waiting": view_of(make_report(pending=30)),
        "preliminary": view_of(raised),
        "few": view_of(few),
        "corrected rule": view_of(corrected),
        "none counted": view_of(make_report(make_tally(0))),
        "final": view_of(first),
        "final clean": view_of(signed(clean)),
        "final few": view_of(signed(interpreted(few))),
        "amended": view_of(signed(interpreted(again), 2, "A sentence was missing"), first),
        "corrected": view_of(signed(fewer, 2, "A cell was counted twice"), first),
        "withdrawn": replace(view_of(cleared_again, first), proposed=first),
        "on hold": replace(view_of(cleared), proposed=first),
        "cancelled": replace(view_of(raised), placed=make_placed(cancelled_at=NOW)),
        "ordered": replace(view_of(first), placed=make_placed()),
    }
