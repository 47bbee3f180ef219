"""Cases and their progress, from domain values to what the pages show."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.domain.case import Case, CaseOrigin, ClinicalContext, Progress, Sex
from app.domain.message import message
from app.ports import CaseSummary
from app.web.language import THIN, gettext, localised, ngettext, translated
from app.web.pages.contexts import CaseHead, CaseRow, CasesPage, Named, ProgressPart
from app.web.pages.wording import TIMES, count, moment

# Name in `ClinicalContext`: label, unit. The forms, the case and the report share it.
MEASURED = {
    "age_years": (message("Age"), message("years")),
    "haemoglobin_g_dl": (message("Haemoglobin"), "g/dL"),
    "mcv_fl": (message("MCV"), "fL"),
    "platelets_10e9_l": (message("Platelets"), f"{TIMES}10⁹/L"),
    "neutrophils_10e9_l": (message("Neutrophils"), f"{TIMES}10⁹/L"),
}
TOLD = {"known_cytopenia": message("Known cytopenia"), "question": message("Question")}
SEXES = {
    Sex.FEMALE: message("Female"),
    Sex.MALE: message("Male"),
    Sex.OTHER: message("Other"),
    Sex.UNKNOWN: message("Unknown"),
}
_BADGES = {CaseOrigin.SYNTHETIC: message("Synthetic"), CaseOrigin.OPEN_DATA: message("Open data")}


def case_path(case_id: UUID) -> str:
    """The page of a case; everything of the case lies below it."""
    return f"/cases/{case_id}"


def case_head(case: Case, now: datetime) -> CaseHead:
    """Whose case it is, and what the requester knows."""
    return CaseHead(
        path=case_path(case.id),
        accession_number=case.accession_number,
        patient=case.patient.identifier,
        patient_name=case.patient.name,
        opened=moment(case.created_at, now),
        context=clinical_context(case.context),
    )


def clinical_context(context: ClinicalContext) -> tuple[Named, ...]:
    """The values that were given, each with its unit."""
    shown = []
    if context.sex is not None:
        shown.append(Named(gettext("Sex"), translated(SEXES[context.sex])))
    for name, (label, unit) in MEASURED.items():
        value = getattr(context, name)
        if value is not None:
            shown.append(
                Named(translated(label), f"{localised(f'{value:g}')}{THIN}{translated(unit)}")
            )
    for name, label in TOLD.items():
        if text := getattr(context, name):
            shown.append(Named(translated(label), text))
    return tuple(shown)


def progress_part(case_id: UUID, progress: Progress) -> ProgressPart:
    """How far classification is."""
    return ProgressPart(
        path=f"{case_path(case_id)}/progress",
        cell_count=progress.cell_count,
        settled_count=progress.classified_count + progress.failed_count,
        failed_count=progress.failed_count,
        done=progress.done,
    )


def progress_state(progress: Progress) -> str:
    """How far classification is, in a few words."""
    if progress.cell_count == 0:
        return gettext("No images yet")
    if not progress.done:
        settled = count(progress.cell_count - progress.pending_count)
        text = gettext("Classifying: {settled} of {all}")
        return text.format(settled=settled, all=count(progress.cell_count))
    if failed := progress.failed_count:
        text = ngettext("Classified; {n} cell failed", "Classified; {n} cells failed", failed)
        return text.format(n=count(failed))
    return gettext("Classified")


def cases_page(
    items: Sequence[CaseSummary],
    before: UUID | None,
    next_before: UUID | None,
    now: datetime,
) -> CasesPage:
    """The list of cases."""
    rows = tuple(_case_row(item.case, item.progress, now) for item in items)
    pending = [f"#state-{row.id}" for row in rows if row.pending]
    here = f"/cases?before={before}" if before else "/cases"
    return CasesPage(
        rows=rows,
        refresh_path=here if pending else None,
        refresh_targets=",".join(pending),
        newest_path="/cases" if before else None,
        older_path=f"/cases?before={next_before}" if next_before else None,
    )


def _case_row(case: Case, progress: Progress, now: datetime) -> CaseRow:
    return CaseRow(
        id=str(case.id),
        accession_number=case.accession_number,
        patient=case.patient.identifier,
        patient_name=case.patient.name,
        origin=translated(badge) if (badge := _BADGES.get(case.origin)) else None,
        opened=moment(case.created_at, now),
        cell_count=progress.cell_count,
        state=progress_state(progress),
        pending=not progress.done,
    )
