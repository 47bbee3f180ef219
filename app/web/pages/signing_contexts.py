"""What the pages about signing may know: a report's standing, its versions, what differs."""

from dataclasses import dataclass

from app.web.pages.contexts import CaseHead, Moment, Named


@dataclass(frozen=True)
class StatusPart:
    """Whether a report is signed; `kind` is ``draft``, ``signed`` or ``replaced``.

    Parameters
    ----------
    note
        What follows from it; None where nothing does.
    current_path
        The report that holds now, where this is not it.
    """

    kind: str
    wording: str
    note: str | None
    current_path: str | None


@dataclass(frozen=True)
class SignaturePart:
    """What 21 CFR 11.50 wants on every copy for people; `reason` is why it was amended.

    Parameters
    ----------
    signer
        The printed name, and the account where it is another.
    """

    signer: str
    at: Moment
    meaning: str
    reason: str | None
    version: str
    sha256: str


@dataclass(frozen=True)
class AmendmentPart:
    """An amendment that is open."""

    opened_by: str
    opened_at: Moment
    reason: str


@dataclass(frozen=True)
class InterpretationPart:
    """What a haematologist wrote under the numbers, line by line."""

    lines: tuple[str, ...]
    author: str
    at: Moment


@dataclass(frozen=True)
class Snippet:
    """A sentence that a button inserts."""

    title: str
    text: str


@dataclass(frozen=True)
class EditorPart:
    """The form of the interpretation.

    Parameters
    ----------
    seen
        When what is edited was written, for the server; empty where nothing was.
    """

    path: str
    text: str
    seen: str
    max_length: int
    snippets: tuple[Snippet, ...]


@dataclass(frozen=True)
class InterpretationPage:
    """interpretation.html: what was typed and could not be kept, beside what stands there.

    Parameters
    ----------
    current
        What somebody else wrote meanwhile; None where that is not the trouble.
    """

    head: CaseHead
    report_path: str
    error: str
    editor: EditorPart
    current: InterpretationPart | None


@dataclass(frozen=True)
class MissingItem:
    """What stands between a case and its signature, and where it can be mended."""

    text: str
    path: str
    link: str


@dataclass(frozen=True)
class SignPage:
    """sign.html.

    Parameters
    ----------
    facts
        What will be signed, in short.
    missing
        Empty where it can be signed.
    seen_sequence, seen_digest
        Of what is shown, for the server.
    asks_password
        Whether the signer proves who they are by the password of this product.
    confirm_path
        Where the signer proves it at the provider; None where that has been done.
    """

    head: CaseHead
    path: str
    report_path: str
    number: int
    facts: tuple[Named, ...]
    warnings: tuple[str, ...]
    interpretation: InterpretationPart | None
    amendment: AmendmentPart | None
    missing: tuple[MissingItem, ...]
    meaning: str
    printed_name: str
    user_name: str
    seen_sequence: int
    seen_digest: str
    error: str | None
    asks_password: bool
    confirm_path: str | None


@dataclass(frozen=True)
class AmendPage:
    """amend.html."""

    head: CaseHead
    path: str
    report_path: str
    version: str
    reason: str
    max_length: int
    error: str | None


@dataclass(frozen=True)
class VersionRow:
    """One signed version; `damage` says that it is not what was signed."""

    number: int
    path: str
    pdf_path: str
    json_path: str
    signature: SignaturePart
    damage: str | None
    differences_path: str | None


@dataclass(frozen=True)
class VersionsPage:
    """versions.html, the latest version first."""

    head: CaseHead
    report_path: str
    versions: tuple[VersionRow, ...]
    amendment: AmendmentPart | None
    draft_differences_path: str | None


@dataclass(frozen=True)
class ChangeRow:
    """One value before and after."""

    name: str
    before: str
    after: str
    is_changed: bool


@dataclass(frozen=True)
class CellChangeRow:
    """One cell that is held for something else."""

    ordinal: int
    path: str
    before: str
    after: str


@dataclass(frozen=True)
class DifferencesPage:
    """differences.html; `before_text` and `after_text` are the interpretations, line by line."""

    head: CaseHead
    versions_path: str
    before_title: str
    after_title: str
    rows: tuple[ChangeRow, ...]
    text_is_changed: bool
    before_text: tuple[str, ...]
    after_text: tuple[str, ...]
    cells: tuple[CellChangeRow, ...]
