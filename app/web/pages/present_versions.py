"""Signing, amending and the list of versions, from the domain's values to what pages show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.case import Case
from app.domain.errors import Damaged
from app.domain.message import Message
from app.domain.report import Report
from app.domain.signing import (
    MAX_REASON_LENGTH,
    Amendment,
    Meaning,
    SignedVersion,
    signer_text,
)
from app.domain.user import User
from app.services.controlling import ControlStanding
from app.services.report_content import read_version
from app.services.signing import Standing
from app.web.language import gettext, translated
from app.web.pages import wording
from app.web.pages.contexts import Named
from app.web.pages.present import case_head, case_path
from app.web.pages.present_comparison import (
    recommendation_text,
    review_part,
    score_with_interval,
    share_with_interval,
)
from app.web.pages.present_controls import control_warnings
from app.web.pages.present_signing import (
    amendment_of,
    amendment_part,
    interpretation_part,
    signature_of,
    version_title,
)
from app.web.pages.signing_contexts import (
    AmendPage,
    MissingItem,
    SignPage,
    VersionRow,
    VersionsPage,
)

# By the sentence's template: the page of the case where it can be mended.
_GALLERY, _READERS, _CASE = "/gallery", "/readers", ""
MENDED_AT = {
    "The case has no cells.": _CASE,
    "1 cell waits for classification.": _CASE,
    "{count} cells wait for classification.": _CASE,
    "1 cell of low confidence is not reviewed.": _GALLERY,
    "{count} cells of low confidence are not reviewed.": _GALLERY,
    "A second reader must read this case; none is named yet.": _READERS,
    "The first reading is not finished.": _READERS,
    "The second reading, by {name}, is not finished.": _READERS,
    "The readers differ on 1 cell that is not settled.": _READERS,
    "The readers differ on {count} cells that are not settled.": _READERS,
    "The case is signed already.": "/report/versions",
}


@dataclass(frozen=True)
class SignForm:
    """What the page of signing shows beside the report; see `SignPage`."""

    user: User
    missing: Sequence[Message]
    seen_sequence: int
    seen_digest: str
    error: str | None = None
    is_confirmed: bool = False
    controls: Sequence[ControlStanding] = ()


@dataclass(frozen=True)
class AmendForm:
    """The reason as it was typed, and why it is asked for again."""

    reason: str = ""
    error: str | None = None


def sign_page(report: Report, standing: Standing, form: SignForm, now: datetime) -> SignPage:
    """What would be signed, and what is missing."""
    path = case_path(report.case.id)
    meaning = Meaning.AMENDED if standing.amendment else Meaning.REVIEWED
    return SignPage(
        head=case_head(report.case, now),
        path=f"{path}/sign",
        report_path=f"{path}/report",
        number=standing.version_count + 1,
        facts=_facts(report),
        warnings=(
            *control_warnings(form.controls),
            *(translated(text) for text in report.warnings),
        ),
        interpretation=interpretation_part(report.interpretation, now),
        amendment=amendment_part(standing, now),
        missing=tuple(_missing(item, path) for item in form.missing),
        meaning=translated(meaning.wording),
        printed_name=signer_text(form.user.printed_name, form.user.name),
        user_name=form.user.name,
        seen_sequence=form.seen_sequence,
        seen_digest=form.seen_digest,
        error=form.error,
        asks_password=form.user.has_password,
        confirm_path=None
        if form.user.has_password or form.is_confirmed
        else f"/sign-in/provider/again?next={path}/sign",
    )


def _facts(report: Report) -> tuple[Named, ...]:
    return (
        Named(gettext("PMN counted"), wording.count(report.pmn_count)),
        *(
            Named(translated(line.label.wording), share_with_interval(line.proportion))
            for line in report.abnormalities
        ),
        Named(gettext("Score"), score_with_interval(report.score)),
        Named(gettext("Recommendation"), recommendation_text(report.recommendation)),
        Named(gettext("Review"), review_part(report).sentence),
    )


def _missing(item: Message, path: str) -> MissingItem:
    target = MENDED_AT.get(item.template, _CASE)
    links = {
        _GALLERY: gettext("Review the cells"),
        _READERS: gettext("Readers of the case"),
        _CASE: gettext("Open the case"),
    }
    return MissingItem(
        translated(item), f"{path}{target}", links.get(target, gettext("Signed versions"))
    )


def amend_page(case: Case, number: int, form: AmendForm, now: datetime) -> AmendPage:
    """The form that asks for the reason."""
    path = case_path(case.id)
    return AmendPage(
        head=case_head(case, now),
        path=f"{path}/amend",
        report_path=f"{path}/report",
        version=version_title(number, number),
        reason=form.reason,
        max_length=MAX_REASON_LENGTH,
        error=form.error,
    )


def versions_page(
    case: Case, versions: Sequence[SignedVersion], amendment: Amendment | None, now: datetime
) -> VersionsPage:
    """Every version, the latest first."""
    path = f"{case_path(case.id)}/report"
    rows = [_version_row(version, len(versions), path, now) for version in versions]
    draft_path = f"{path}/differences?from={len(versions)}" if amendment and versions else None
    return VersionsPage(
        head=case_head(case, now),
        report_path=path,
        versions=tuple(reversed(rows)),
        amendment=amendment_of(amendment, now) if amendment else None,
        draft_differences_path=draft_path,
    )


def _version_row(version: SignedVersion, count: int, path: str, now: datetime) -> VersionRow:
    number = version.number
    api = f"/api/v1/cases/{version.case_id}"
    earlier = f"{path}/differences?from={number - 1}&to={number}" if number > 1 else None
    return VersionRow(
        number=number,
        path=f"{path}/versions/{number}",
        pdf_path=f"{api}/report.pdf?version={number}",
        json_path=f"{api}/report?version={number}",
        signature=signature_of(
            version.signature, version_title(number, count), version.sha256, now
        ),
        damage=_damage(version),
        differences_path=earlier,
    )


def _damage(version: SignedVersion) -> str | None:
    try:
        read_version(version)
    except Damaged as error:
        return translated(error.detail)
    return None
