"""Bundles, from the domain's values to what pages show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.bundle import BundleManifest
from app.domain.bundle_switch import Reclassification
from app.domain.case import Case
from app.ports import Bundle
from app.web.language import gettext
from app.web.pages import wording
from app.web.pages.bundle_contexts import ReclassificationRow, ReclassifyPage
from app.web.pages.contexts import Choice, FormField
from app.web.pages.present import case_head, case_path


@dataclass(frozen=True)
class ReclassifyForm:
    """What was chosen and written, and why nothing was done."""

    bundle: str = ""
    reason: str = ""
    error: str | None = None


def reclassify_page(
    case: Case,
    current: BundleManifest,
    installed: Sequence[Bundle],
    form: ReclassifyForm,
    past: Sequence[Reclassification],
    titles: Mapping[str, str],
    now: datetime,
    *,
    is_signed: bool,
) -> ReclassifyPage:
    """The form, and what was done before; `titles` names bundles by their digest."""
    others = [item.manifest for item in installed if item.manifest.digest != current.digest]
    fields = (
        bundle_field("bundle", gettext("Bundle"), others, form.bundle),
        reason_field(form.reason, gettext("Reason, kept with the case")),
    )
    return ReclassifyPage(
        head=case_head(case, now),
        path=f"{case_path(case.id)}/reclassify",
        report_path=f"{case_path(case.id)}/report",
        current_title=current.title,
        current_digest=current.digest,
        fields=fields if others else (),
        is_signed=is_signed,
        error=form.error,
        handed=tuple(
            ReclassificationRow(
                at=wording.moment(made.at, now),
                by=made.by_name,
                before=titles.get(made.from_digest or "", wording.DASH),
                after=titles[made.to_digest],
                reason=made.reason,
            )
            for made in reversed(past)
        ),
    )


def bundle_field(
    name: str, label: str, manifests: Sequence[BundleManifest], chosen: str
) -> FormField:
    """A select of bundles: name, version, and how the digest begins."""
    choices = tuple(
        Choice(item.digest, bundle_text(item), item.digest == chosen) for item in manifests
    )
    return FormField(
        name, label, "select", chosen, None, None, None, required=True, choices=choices
    )


def bundle_text(manifest: BundleManifest) -> str:
    """Name, version, and how the digest begins."""
    return f"{manifest.title} ({manifest.digest[: wording.SHORT_DIGEST]})"


def reason_field(value: str, label: str, name: str = "reason") -> FormField:
    """Why it is done."""
    return FormField(name, label, "area", value, None, None, None, required=True, choices=())
