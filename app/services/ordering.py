"""Orders of other systems: placed, changed, and taken back."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from app.domain.case import Case, ClinicalContext, refuse_other_name
from app.domain.errors import Conflict, NotFound
from app.domain.message import message
from app.domain.order import Order, OrderKey, PlacedOrder
from app.domain.review import ReviewRule
from app.ports import Bundle, Transaction
from app.services.cancelling import is_cancelled
from app.services.changing_context import change_context
from app.services.opening import open_case
from app.services.telling import tell_if_classified
from app.services.worklist import refresh


@dataclass(frozen=True)
class Desk:
    """Where orders arrive: when it is, and what the worklist is written with."""

    active: Bundle
    rule: ReviewRule
    now: datetime


def place(transaction: Transaction, order: Order, desk: Desk) -> Case:
    """Open the case, and keep the numbers under which its results go back.

    A case whose order was cancelled is opened again by a new order of the same sample: the images
    that it has are of that sample.

    Raises
    ------
    Conflict
        If the accession number is in use, or the patient is stored under another name.
    """
    if cancelled := _cancelled(transaction, order):
        return _renew(transaction, cancelled, order, desk)
    case = open_case(transaction, order.new_case, desk.now)
    transaction.orders.add(case.id, order, desk.now)
    return case


def _cancelled(transaction: Transaction, order: Order) -> Case | None:
    """The cancelled case of the same sample and patient."""
    new = order.new_case
    found = transaction.cases.find(new.accession_number, [new.site_id])
    if found is None or found.patient.identifier != new.patient_identifier:
        return None
    held = _held(transaction, found.id)
    return held if is_cancelled(transaction, held.id) else None


def _held(transaction: Transaction, case_id: UUID) -> Case:
    """The case as it is once nobody else can change it."""
    transaction.cases.lock(case_id)
    return transaction.cases.get(case_id)


def _renew(transaction: Transaction, case: Case, order: Order, desk: Desk) -> Case:
    refuse_other_name(case.patient.name, order.new_case.patient_name)
    transaction.cases.set_context(case.id, order.new_case.context)
    transaction.orders.add(case.id, order, desk.now)
    transaction.audit.note("order.renew", case_id=case.id)
    refresh(transaction, case.id, desk.active, desk.rule)
    # What was read while nobody had ordered it was told to nobody.
    tell_if_classified(transaction, case.id, desk.active, desk.now)
    return transaction.cases.get(case.id)


def change(transaction: Transaction, order: Order, desk: Desk) -> Case:
    """Take what a changed order says; what it does not say stays as it was.

    Raises
    ------
    NotFound
        If there is no such order of this patient and sample.
    Conflict
        If a report of the case was signed, the case is cancelled, or the patient is stored under
        another name.
    """
    new = order.new_case
    key = OrderKey(order.placer_number, new.patient_identifier, new.accession_number)
    case, placed = _ordered(transaction, key, new.site_id)
    _refuse_signed(transaction, case)
    refuse_other_name(case.patient.name, order.new_case.patient_name)
    case = change_context(transaction, case, _merged(case.context, new.context))
    after = replace(
        placed,
        filler_number=order.filler_number or placed.filler_number,
        collected=order.collected or placed.collected,
        echo={**placed.echo, **order.echo},
    )
    transaction.orders.put(case.id, after)
    refresh(transaction, case.id, desk.active, desk.rule)
    return case


def cancel(transaction: Transaction, key: OrderKey, site_id: UUID, desk: Desk) -> Case:
    """Take an order back: the case is kept as it is, and closed. Once is as often as twice.

    Raises
    ------
    NotFound
        If there is no such order of this patient and sample.
    Conflict
        If a report of the case was signed: it stands.
    """
    case, placed = _ordered(transaction, key, site_id)
    _refuse_signed(transaction, case)
    if placed.cancelled_at is None:
        transaction.orders.put(case.id, replace(placed, cancelled_at=desk.now))
        transaction.audit.note("order.cancel", case_id=case.id)
        refresh(transaction, case.id, desk.active, desk.rule)
    return case


def _ordered(transaction: Transaction, key: OrderKey, site_id: UUID) -> tuple[Case, PlacedOrder]:
    """The case of an order, held, and what is kept of the order."""
    found = [
        case
        for case_id in transaction.orders.find(key.placer_number, site_id)
        if _fits(case := transaction.cases.get(case_id), key)
    ]
    if len(found) != 1:
        raise NotFound(
            message("There is no order of this number, patient and sample here. Check them.")
        )
    case = _held(transaction, found[0].id)
    placed = transaction.orders.of_case(case.id)
    assert placed is not None  # noqa: S101 - it was found by its order
    return case, placed


def _refuse_signed(transaction: Transaction, case: Case) -> None:
    """Also while an amendment is open: what was signed was told to whoever ordered."""
    if transaction.versions.count(case.id):
        raise Conflict(
            message("The report of this order is signed, and stands. Tell the laboratory.")
        )


def _fits(case: Case, key: OrderKey) -> bool:
    is_sample = key.accession_number in {None, case.accession_number}
    return is_sample and case.patient.identifier == key.patient_identifier


def _merged(old: ClinicalContext, new: ClinicalContext) -> ClinicalContext:
    told = {name: value for name, value in vars(new).items() if value is not None}
    return replace(old, **told)
