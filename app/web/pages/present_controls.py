"""Control slides, from the domain's values to the page."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from app.domain.abnormality import Abnormality
from app.domain.bundle import PMN
from app.domain.control import ControlState, SetRun
from app.domain.message import message
from app.services.controlling import ControlStanding
from app.web.language import gettext, localised, translated
from app.web.pages import wording
from app.web.pages.bundle_contexts import ControlRunRow, ControlSetPart, ControlsPage
from app.web.pages.contexts import FormField
from app.web.pages.present_measured import cases_field

CONTROLS_PATH = "/administration/controls"
STATES = {
    ControlState.STEADY: message("Counts stand"),
    ControlState.BASELINE: message("Read once by this bundle: nothing to compare with yet"),
    ControlState.WAITING: message("Not read yet"),
    ControlState.MOVED: message("Counts moved"),
    ControlState.UNREAD: message("Not every cell could be read"),
    ControlState.INCOMPLETE: message(
        "Cells were erased with their patient: retire this set, and freeze another"
    ),
    ControlState.OVERDUE: message("Overdue: not read for more than a day"),
}


def control_warnings(standings: Sequence[ControlStanding]) -> tuple[str, ...]:
    """What everybody who signs must know of the control slides, once for each kind of alarm."""
    alarms = {item.state for item in standings if item.state.is_alarm}
    sentence = gettext("Control slides: {state}. Have an administrator look before you sign.")
    return tuple(
        sentence.format(state=translated(STATES[state]).rstrip("."))
        for state in ControlState
        if state in alarms
    )


def controls_page(
    standings: Sequence[ControlStanding],
    titles: Mapping[str, str],
    form: Mapping[str, str],
    error: str | None,
    now: datetime,
) -> ControlsPage:
    """Each set of control slides, and the form for a new one."""
    name = FormField(
        "name",
        gettext("Name"),
        "text",
        form.get("name", ""),
        None,
        None,
        None,
        required=True,
        choices=(),
    )
    return ControlsPage(
        sets=tuple(_set(item, titles, now) for item in standings),
        fields=(name, cases_field(form.get("cases", ""))),
        error=error,
    )


def _set(item: ControlStanding, titles: Mapping[str, str], now: datetime) -> ControlSetPart:
    path = f"{CONTROLS_PATH}/{item.fixed.id}"
    return ControlSetPart(
        key=f"set-{item.fixed.id}",
        name=item.fixed.name,
        cells=wording.count(item.fixed.cell_count),
        kind=item.state.value,
        mark="!" if item.state.is_alarm else "✓" if item.state is ControlState.STEADY else "…",
        state=translated(STATES[item.state]),
        runs=tuple(_control_run(run, titles, now) for run in item.runs),
        run_path=f"{path}/run",
        retire_path=f"{path}/retire",
    )


def _control_run(run: SetRun, titles: Mapping[str, str], now: datetime) -> ControlRunRow:
    counts = run.counts.lines() if run.counts else {}
    return ControlRunRow(
        at=wording.moment(run.finished_at or run.started_at, now),
        bundle=titles[run.digests[0]],
        mark="!" if run.has_moved else "",
        outcome=_outcome(run),
        counts=", ".join(f"{_name(name)} {wording.count(it)}" for name, it in counts.items()),
    )


def _outcome(run: SetRun) -> str:
    if run.problem:
        return gettext("Given up")
    if run.finished_at is None:
        return gettext("Running")
    if run.shift is None:
        return gettext("Baseline of this bundle")
    if run.shift.moved:
        moved = [f"{_name(name)} {before} → {after}" for name, before, after in run.shift.moved]
        return gettext("Moved: {counts}").format(counts=", ".join(moved))
    if not run.shift.largest:
        return gettext("Stands; every probability is the same")
    largest = localised(f"{run.shift.largest:.6f}")
    text = (
        gettext("A probability moved by {largest}")
        if run.shift.is_alarm
        else gettext("Stands; probabilities within {largest}")
    )
    return text.format(largest=largest)


def _name(name: str) -> str:
    if name == PMN:
        return gettext("PMN")
    if name == "failed":
        return gettext("not read")
    return translated(Abnormality(name).wording)
