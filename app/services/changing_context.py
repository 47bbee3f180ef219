"""Changing what the requester knows of a patient, after the case was opened."""

from dataclasses import replace

from app.domain.case import Case, ClinicalContext
from app.ports import Transaction
from app.services.reviewing import refuse_closed


def change_context(transaction: Transaction, case: Case, context: ClinicalContext) -> Case:
    """Replace the clinical context; the case must be held by `CaseRepository.lock`.

    Raises
    ------
    Conflict
        If the case is signed: its report stands as it was.
    """
    refuse_closed(transaction, case.id)
    old, new = vars(case.context), vars(context)
    changed = [name for name in new if new[name] != old[name]]
    if changed:
        transaction.cases.set_context(case.id, context)
        # Names alone: an entry outlives the erasing of the patient whose values they were.
        transaction.audit.note("case.change", case_id=case.id, after={"changed": sorted(changed)})
    return replace(case, context=context)
