"""A report's standing among its versions, from the domain's values to what pages show."""

from datetime import datetime
from uuid import UUID

from app.domain.discussion import MAX_COMMENT_LENGTH
from app.domain.report import Interpretation, Report
from app.domain.signing import Amendment, Signature
from app.services.cancelling import CANCELLED
from app.services.signing import Standing
from app.web.language import gettext, translated
from app.web.pages.present import case_path
from app.web.pages.signing_contexts import (
    AmendmentPart,
    EditorPart,
    InterpretationPart,
    SignaturePart,
    StatusPart,
)
from app.web.pages.snippets import snippets
from app.web.pages.wording import moment


def status_part(report: Report, standing: Standing) -> StatusPart:
    """Whether a report is signed, and whether it is the one that holds."""
    if report.version is None:
        return StatusPart("draft", _draft_title(standing), _draft_note(standing), None)
    title = version_title(report.version, standing.version_count)
    current = f"{case_path(report.case.id)}/report"
    if report.version < standing.version_count:
        note = gettext("A later version has replaced it.")
        return StatusPart(
            "replaced", gettext("Replaced. {version}").format(version=title), note, current
        )
    wording = gettext("Signed. {version}").format(version=title)
    if standing.amendment:
        note = gettext("An amendment of it is open and not signed.")
        return StatusPart("signed", wording, note, current)
    return StatusPart("signed", wording, None, None)


def _draft_title(standing: Standing) -> str:
    if standing.is_cancelled:
        return gettext("Cancelled: not signed")
    if standing.amendment:
        return gettext("Draft of an amendment: not signed")
    return gettext("Draft: not signed")


def _draft_note(standing: Standing) -> str:
    if standing.is_cancelled:
        return translated(CANCELLED)
    if standing.is_blinded:
        return gettext(
            "You are the second reader: this is your own reading. The first one is shown when "
            "both are finished."
        )
    if standing.amendment:
        return gettext("Version {number} stays as it was signed until this one is signed.").format(
            number=standing.version_count
        )
    return gettext("The numbers change with every review and every new image.")


def version_title(number: int, of: int) -> str:
    """Which version it is of how many."""
    return gettext("Version {number} of {all}").format(number=number, all=of)


def signature_part(report: Report, standing: Standing, now: datetime) -> SignaturePart | None:
    """What stands under a signed report; None under a draft."""
    if report.signature is None or report.version is None or standing.sha256 is None:
        return None
    title = version_title(report.version, standing.version_count)
    return signature_of(report.signature, title, standing.sha256, now)


def signature_of(signature: Signature, version: str, sha256: str, now: datetime) -> SignaturePart:
    """A signature with the version that it stands under."""
    return SignaturePart(
        signer=signature.signer,
        at=moment(signature.at, now),
        meaning=translated(signature.meaning.wording),
        reason=signature.reason,
        version=version,
        sha256=sha256,
    )


def amendment_part(standing: Standing, now: datetime) -> AmendmentPart | None:
    """The amendment that is open; it tells the blinded second reader of the first."""
    if standing.amendment is None or standing.is_blinded:
        return None
    return amendment_of(standing.amendment, now)


def amendment_of(amendment: Amendment, now: datetime) -> AmendmentPart:
    """Who opened it, when and why."""
    return AmendmentPart(
        amendment.opened_by_name, moment(amendment.opened_at, now), amendment.reason
    )


def interpretation_part(
    interpretation: Interpretation | None, now: datetime
) -> InterpretationPart | None:
    """What a haematologist wrote; None where nobody has."""
    if interpretation is None:
        return None
    return InterpretationPart(
        lines=lines_of(interpretation.text),
        author=interpretation.author_name,
        at=moment(interpretation.at, now),
    )


def lines_of(text: str) -> tuple[str, ...]:
    """Its lines that are not blank."""
    return tuple(line for line in text.split("\n") if line.strip())


def editor_part(report: Report, standing: Standing) -> EditorPart | None:
    """The form of the interpretation; None where it is closed or not the viewer's to write."""
    if not may_be_signed(report, standing):
        return None
    return editor_of(report.case.id, report.interpretation)


def editor_of(case_id: UUID, interpretation: Interpretation | None) -> EditorPart:
    """The form, to change what stands there."""
    return EditorPart(
        path=f"{case_path(case_id)}/report/interpretation",
        text=interpretation.text if interpretation else "",
        seen=seen_mark(interpretation),
        max_length=MAX_COMMENT_LENGTH,
        snippets=snippets(),
    )


def seen_mark(interpretation: Interpretation | None) -> str:
    """Tells one interpretation of a case from another: when it was written."""
    return interpretation.at.isoformat() if interpretation else ""


def may_be_signed(report: Report, standing: Standing) -> bool:
    """Whether the page of signing has something to say."""
    return report.version is None and not (standing.is_blinded or standing.is_cancelled)


def may_be_amended(report: Report, standing: Standing) -> bool:
    """Whether it is the signed version that holds."""
    return report.version == standing.version_count and standing.amendment is None


def versions_path(report: Report, standing: Standing) -> str | None:
    """The list of versions; None where there are none to see."""
    if not standing.version_count or standing.is_blinded:
        return None
    return f"{case_path(report.case.id)}/report/versions"
