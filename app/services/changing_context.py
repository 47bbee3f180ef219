"""Changing what the requester knows of a patient, after the case was opened."""

from dataclasses import replace
from enum import StrEnum
from typing import Any

from app.domain.case import Case, ClinicalContext
from app.ports import Transaction
from app.services.reviewing import refuse_signed

# Free text may name the patient, and the audit never does.
_TEXTS = {"known_cytopenia", "question"}
_CHANGED = "(text)"


def change_context(transaction: Transaction, case: Case, context: ClinicalContext) -> Case:
    """Replace the clinical context; the case must be held by `CaseRepository.lock`.

    Raises
    ------
    Conflict
        If the case is signed: its report stands as it was.
    """
    refuse_signed(transaction, case.id)
    old, new = vars(case.context), vars(context)
    changed = [name for name in new if new[name] != old[name]]
    if changed:
        transaction.cases.set_context(case.id, context)
        transaction.audit.note(
            "case.change",
            case_id=case.id,
            before={name: _shown(name, old[name]) for name in changed},
            after={name: _shown(name, new[name]) for name in changed},
        )
    return replace(case, context=context)


def _shown(name: str, value: Any) -> Any:
    if value is not None and name in _TEXTS:
        return _CHANGED
    return value.value if isinstance(value, StrEnum) else value
