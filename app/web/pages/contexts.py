"""What each template may know: one frozen dataclass a template, with everything in words.

Numbers arrive here as the text that is shown; only charts (in
`report_contexts`) carry numbers, as coordinates.
"""

from dataclasses import dataclass

from app.web.pages.geometry_contexts import GeometryPart
from app.web.pages.upload_contexts import UploadPanel


@dataclass(frozen=True)
class Chrome:
    """The frame around every page.

    Parameters
    ----------
    origin_notice
        That the case shown is not a patient's.
    language
        Code of the page's language, for the root element.
    theme
        ``system``, ``light`` or ``dark``.
    languages
        What the pages can speak; `text` is a language's own name.
    shows_tour
        Whether the first-run tour lies over the page.
    opens_cases
        Whether the user may open a case.
    administers
        Whether there is a room of the administration that the user may enter.
    asset_version
        Part of every static file's address.
    idle_s
        Seconds without an act until the session ends; None without a session.
    """

    title: str
    user_name: str | None
    origin_notice: str | None
    research_use_notice: str
    asset_version: str
    language: str
    theme: str
    languages: tuple["Choice", ...]
    shows_tour: bool
    opens_cases: bool = False
    administers: bool = False
    idle_s: int | None = None


@dataclass(frozen=True)
class PreferencesPage:
    """preferences.html; `saved` is whether they have just been stored."""

    group: "FieldGroup"
    error_count: int
    saved: bool
    tour_seen: bool


@dataclass(frozen=True)
class Named:
    """A value under its name, both in words."""

    name: str
    text: str


@dataclass(frozen=True)
class Moment:
    """A time: for machines, for people, and as an age."""

    iso: str
    text: str
    age: str


@dataclass(frozen=True)
class FailurePage:
    """failure.html."""

    status: int
    title: str
    detail: str
    request_id: str


@dataclass(frozen=True)
class SignInPage:
    """sign_in.html; `next` is a path of this site.

    Parameters
    ----------
    provider_path
        Where one is sent to the sign-in provider; None where there is none.
    is_local
        Whether everybody may sign in with a password of this product.
    has_break_glass
        Whether one account may, where others may not.
    offers_sign_out
        Whether the person has just signed out here, and not yet at the provider.
    """

    name: str
    next: str
    error: str | None
    provider_path: str | None = None
    is_local: bool = True
    has_break_glass: bool = False
    offers_sign_out: bool = False


@dataclass(frozen=True)
class Choice:
    """One option of a select."""

    value: str
    text: str
    selected: bool


@dataclass(frozen=True)
class FormField:
    """One input with its label; `kind` is ``text``, ``number``, ``select`` or ``area``."""

    name: str
    label: str
    kind: str
    value: str
    unit: str | None
    hint: str | None
    error: str | None
    required: bool
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class FieldGroup:
    """Inputs that belong together."""

    legend: str
    fields: tuple[FormField, ...]


@dataclass(frozen=True)
class NewCasePage:
    """case_new.html.

    Parameters
    ----------
    conflict_path
        The case that has the accession number.
    import_path
        The other way to a new case; None for who may not import one.
    """

    groups: tuple[FieldGroup, ...]
    error_count: int
    conflict_path: str | None
    import_path: str | None = "/cases/import"


@dataclass(frozen=True)
class CaseHead:
    """Whose case it is, and what the requester knows."""

    path: str
    accession_number: str
    patient: str
    patient_name: str | None
    opened: Moment
    context: tuple[Named, ...]


@dataclass(frozen=True)
class ProgressPart:
    """parts/progress.html and progress.html."""

    path: str
    cell_count: int
    settled_count: int
    failed_count: int
    done: bool


@dataclass(frozen=True)
class Call:
    """One probability of one cell; `called` is whether the cell is held for it."""

    key: str
    label: str
    probability: str
    threshold: str
    called: bool


@dataclass(frozen=True)
class NoveltyRow:
    """How unlike the learnt neutrophils a cell is; `unfamiliar` is whether it is too unlike."""

    value: str
    threshold: str
    unfamiliar: bool


@dataclass(frozen=True)
class HistoryLine:
    """One decision on a cell."""

    who: str
    at: Moment
    what: str


@dataclass(frozen=True)
class Remark:
    """One comment."""

    who: str
    at: Moment
    text: str


@dataclass(frozen=True)
class Comments:
    """parts/comments.html and comments.html: what was written, and the form for more.

    Parameters
    ----------
    path
        Where a comment is sent; None for who may not write one.
    cell_id
        Empty where it is about the case.
    """

    remarks: tuple[Remark, ...]
    path: str | None
    cell_id: str


@dataclass(frozen=True)
class CellTalk:
    """What readers did and wrote on one cell, and where its likes are found."""

    history: tuple[HistoryLine, ...]
    comments: Comments
    similar_path: str


@dataclass(frozen=True)
class NextStep:
    """What is to be done with a case; `path` is empty where it is done on the same page.

    Parameters
    ----------
    missing
        What stands between the case and its signature.
    """

    title: str
    path: str
    link: str
    missing: tuple[str, ...]


@dataclass(frozen=True)
class CasePage:
    """case.html; `readers` are the readings with who has them."""

    head: CaseHead
    progress: ProgressPart
    step: NextStep
    readers: tuple[Named, ...]
    comments: Comments
    gallery_path: str
    upload: UploadPanel
    report_path: str


@dataclass(frozen=True)
class WholeImage:
    """An image from which a cell was cut, with the place of the cut in its pixels."""

    path: str
    width_px: int
    height_px: int
    crop_left: int
    crop_top: int
    crop_width: int
    crop_height: int


@dataclass(frozen=True)
class CellPage:
    """cell.html and cell_view.html: one cell with all that is known of it.

    Parameters
    ----------
    whole
        The whole image, where the picture shown is only cut out of it.
    verdict
        Whether it is counted, and as what.
    geometry
        What was measured of it; None where nobody measured.
    talk
        What readers did and wrote; None where the cell is shown by itself.
    """

    case_path: str
    accession_number: str
    ordinal: int
    file_name: str
    image_path: str
    image_width_px: int
    image_height_px: int
    whole: WholeImage | None
    framing: str
    verdict: str
    calls: tuple[Call, ...]
    novelty: NoveltyRow | None
    flags: tuple[str, ...]
    measures: tuple[Named, ...]
    geometry: GeometryPart | None
    talk: CellTalk | None
    pixel_sha256: str
    bundle_title: str
