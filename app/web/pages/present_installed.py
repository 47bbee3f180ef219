"""The bundles that are installed, and who switched, from the domain's values to the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.bundle import BundleManifest
from app.domain.bundle_switch import BundlePart, BundleSwitch
from app.domain.control import SetRun
from app.ports import InstalledBundle
from app.web.language import gettext
from app.web.pages import wording
from app.web.pages.bundle_contexts import BundlesPage, InstalledRow, SwitchRow
from app.web.pages.contexts import FormField, Moment
from app.web.pages.present_bundles import bundle_field, reason_field

BUNDLES_PATH = "/administration/bundles"
ACTIVE_MARK, SHADOW_MARK, ALARM_MARK = "●", "◐", "!"


@dataclass(frozen=True)
class SwitchForm:
    """What was chosen and written on one of the forms, and why nothing was done."""

    digest: str = ""
    reason: str = ""
    error: str | None = None


@dataclass(frozen=True)
class Known:
    """What the database knows of bundles.

    Parameters
    ----------
    active
        The manifest of the active bundle.
    shadow_digest
        Of the one in shadow.
    switches
        The latest first.
    cells_read, control_runs, titles
        By digest; the latest control run that was finished.
    """

    active: BundleManifest
    shadow_digest: str | None
    switches: Sequence[BundleSwitch]
    cells_read: Mapping[str, int]
    control_runs: Mapping[str, SetRun]
    titles: Mapping[str, str]


def bundles_page(
    installed: Sequence[InstalledBundle],
    known: Known,
    form: SwitchForm,
    folder: str,
    now: datetime,
) -> BundlesPage:
    """What is installed and runs, the two forms, and the switches."""
    here = [item.bundle.manifest for item in installed if item.bundle]
    rows = [_row(item, known, now) for item in installed]
    if known.active.digest not in {manifest.digest for manifest in here}:
        rows.insert(0, _absent(known, now))
    others = [item for item in here if item.digest != known.active.digest]
    candidates = [item for item in others if item.digest != known.shadow_digest]
    return BundlesPage(
        installed=tuple(rows),
        activate=_fields("activate", others, form),
        shadow=_fields("shadow", candidates, form),
        in_shadow=known.titles.get(known.shadow_digest) if known.shadow_digest else None,
        end_reason=reason_field("", gettext("Reason"), name="end-reason"),
        folder=folder,
        switches=tuple(_switch(item, known.titles, now) for item in known.switches),
        error=form.error,
    )


def _fields(
    act: str, manifests: Sequence[BundleManifest], form: SwitchForm
) -> tuple[FormField, ...]:
    if not manifests:
        return ()
    return (
        bundle_field(f"{act}-digest", gettext("Bundle"), manifests, form.digest),
        reason_field(form.reason, gettext("Reason"), name=f"{act}-reason"),
    )


def _row(item: InstalledBundle, known: Known, now: datetime) -> InstalledRow:
    if item.bundle is None:
        return InstalledRow(
            title=item.folder.name,
            digest="",
            mark=ALARM_MARK,
            part=gettext("Refused"),
            since=None,
            cells=wording.DASH,
            controls=wording.DASH,
            card_path=None,
            refusal=item.refusal,
        )
    manifest = item.bundle.manifest
    mark, part = _part(manifest.digest, known)
    return InstalledRow(
        title=manifest.title,
        digest=manifest.digest,
        mark=mark,
        part=part,
        since=_since(manifest.digest, known, now),
        cells=wording.count(known.cells_read.get(manifest.digest, 0)),
        controls=control_text(known.control_runs.get(manifest.digest)),
        card_path=f"{BUNDLES_PATH}/{manifest.digest}/card" if item.card else None,
        refusal=None,
    )


def _absent(known: Known, now: datetime) -> InstalledRow:
    """Active, and not on this machine: what it read is reported, but it reads nothing here."""
    return InstalledRow(
        title=known.active.title,
        digest=known.active.digest,
        mark=ALARM_MARK,
        part=gettext("Active"),
        since=_since(known.active.digest, known, now),
        cells=wording.count(known.cells_read.get(known.active.digest, 0)),
        controls=control_text(known.control_runs.get(known.active.digest)),
        card_path=None,
        refusal=gettext(
            "It is active, but not installed on this machine: put its folder back, or activate "
            "another bundle."
        ),
    )


def _part(digest: str, known: Known) -> tuple[str, str]:
    if digest == known.active.digest:
        return ACTIVE_MARK, gettext("Active")
    if digest == known.shadow_digest:
        return SHADOW_MARK, gettext("In shadow")
    return "", gettext("Installed")


def _since(digest: str, known: Known, now: datetime) -> Moment | None:
    """When its part began; None for the bundle of the settings, and for one without a part."""
    for part, holder in (
        (BundlePart.ACTIVE, known.active.digest),
        (BundlePart.SHADOW, known.shadow_digest),
    ):
        latest = next((item for item in known.switches if item.part is part), None)
        if digest == holder and latest is not None:
            return wording.moment(latest.at, now)
    return None


def control_text(run: SetRun | None) -> str:
    """How control slides stood when a bundle read them last."""
    if run is None or run.finished_at is None:
        return wording.DASH
    text = gettext("stand, {date}") if run.shift else gettext("read once, {date}")
    if run.has_moved:
        text = gettext("{mark} moved, {date}")
    return text.format(mark=ALARM_MARK, date=wording.date(run.finished_at))


def _switch(item: BundleSwitch, titles: Mapping[str, str], now: datetime) -> SwitchRow:
    if item.digest is None:
        what = gettext("No bundle in shadow any more")
    else:
        text = (
            gettext("{bundle} activated")
            if item.part is BundlePart.ACTIVE
            else gettext("{bundle} put in shadow")
        )
        what = text.format(bundle=titles.get(item.digest, item.digest[: wording.SHORT_DIGEST]))
    return SwitchRow(wording.moment(item.at, now), item.by_name, what, item.reason)
