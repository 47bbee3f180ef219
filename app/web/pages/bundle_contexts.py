"""What the pages about bundles, comparisons and control slides may know."""

from dataclasses import dataclass

from app.web.pages.contexts import CaseHead, FormField, Moment


@dataclass(frozen=True)
class ReclassificationRow:
    """A case was given from one bundle to another."""

    at: Moment
    by: str
    before: str
    after: str
    reason: str


@dataclass(frozen=True)
class ReclassifyPage:
    """reclassify.html: have a case classified by another bundle.

    Parameters
    ----------
    fields
        Which bundle, and why; empty where no other bundle is installed.
    is_signed
        Whether an amendment is opened by it.
    error
        Why nothing was done.
    """

    head: CaseHead
    path: str
    report_path: str
    current_title: str
    current_digest: str
    fields: tuple[FormField, ...]
    is_signed: bool
    error: str | None
    handed: tuple[ReclassificationRow, ...]


@dataclass(frozen=True)
class InstalledRow:
    """A bundle of this machine, or one that was activated and is not on it.

    Parameters
    ----------
    mark
        A sign beside the word for its part; empty without one.
    controls
        How its control slides stood when they were read last.
    refusal
        Why it cannot run; None where it can.
    """

    title: str
    digest: str
    mark: str
    part: str
    since: Moment | None
    cells: str
    controls: str
    card_path: str | None
    refusal: str | None


@dataclass(frozen=True)
class SwitchRow:
    """Somebody gave a bundle a part, or took it away."""

    at: Moment
    by: str
    what: str
    reason: str


@dataclass(frozen=True)
class BundlesPage:
    """bundles.html: what is installed, what runs, and who switched.

    Parameters
    ----------
    activate, shadow
        Fields of the two forms; empty where no bundle can be chosen.
    in_shadow
        Name of the bundle in shadow; None without one.
    """

    installed: tuple[InstalledRow, ...]
    activate: tuple[FormField, ...]
    shadow: tuple[FormField, ...]
    in_shadow: str | None
    end_reason: FormField
    folder: str
    switches: tuple[SwitchRow, ...]
    error: str | None
    done: str | None = None


@dataclass(frozen=True)
class CardPage:
    """bundle_card.html: what a bundle was trained and measured on, as it was written."""

    title: str
    digest: str
    text: str


@dataclass(frozen=True)
class LabelRow:
    """One label under two bundles; shares of the cells that were compared."""

    title: str
    cells: str
    first: str
    second: str
    agreement: str
    differing: str
    difference: str
    interval: str
    p_value: str


@dataclass(frozen=True)
class MeasuredCase:
    """One case under two bundles."""

    title: str
    path: str | None
    cells: str
    pmn: str
    scores: str
    first_advice: str
    second_advice: str
    is_other: bool


@dataclass(frozen=True)
class MeasuredPart:
    """All that was measured of two bundles on the same cells.

    Parameters
    ----------
    notes
        How it was counted, and what it does not say.
    """

    first: str
    second: str
    labels: tuple[LabelRow, ...]
    cases: tuple[MeasuredCase, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class ShadowPage:
    """bundle_shadow.html: the active bundle and the one in shadow; None without cells of both."""

    in_shadow: str | None
    measured: MeasuredPart | None


@dataclass(frozen=True)
class RunProgress:
    """How far a set is read; it asks to be loaded again until that is done."""

    path: str
    settled: int
    total: int
    is_done: bool


@dataclass(frozen=True)
class ComparisonRunRow:
    """A comparison that was begun."""

    path: str
    at: Moment
    by: str
    set_name: str
    bundles: str
    state: str


@dataclass(frozen=True)
class ComparisonsPage:
    """comparisons.html: those that were made, and the form for a new one."""

    runs: tuple[ComparisonRunRow, ...]
    fields: tuple[FormField, ...]
    error: str | None


@dataclass(frozen=True)
class SetComparisonPage:
    """comparison.html: two bundles on a fixed set."""

    set_name: str
    first: str
    second: str
    at: Moment
    by: str
    progress: RunProgress
    problem: str | None
    measured: MeasuredPart | None


@dataclass(frozen=True)
class ControlRunRow:
    """Control slides were read; `mark` is a sign for what must be looked at."""

    at: Moment
    bundle: str
    mark: str
    outcome: str
    counts: str


@dataclass(frozen=True)
class ControlSetPart:
    """A set of control slides, and how it stands; `kind` is the state's name."""

    key: str
    name: str
    cells: str
    kind: str
    mark: str
    state: str
    runs: tuple[ControlRunRow, ...]
    run_path: str
    retire_path: str


@dataclass(frozen=True)
class ControlsPage:
    """controls.html: the sets, and the form for a new one."""

    sets: tuple[ControlSetPart, ...]
    fields: tuple[FormField, ...]
    error: str | None
    done: str | None = None
