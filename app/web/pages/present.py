"""Cases and their progress, from domain values to what the pages show."""

from datetime import datetime
from uuid import UUID

from app.domain.case import Case, CaseOrigin, ClinicalContext, Progress, Sex
from app.domain.message import message
from app.web.language import THIN, gettext, localised, translated
from app.web.pages.contexts import CaseHead, Named, ProgressPart
from app.web.pages.wording import TIMES, moment

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
BADGES = {CaseOrigin.SYNTHETIC: message("Synthetic"), CaseOrigin.OPEN_DATA: message("Open data")}


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
