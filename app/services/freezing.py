"""Freezing a set of cells: from cases, or from a folder of images."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import PurePath
from uuid import UUID

from uuid_utils.compat import uuid7

from app.domain.cell import Cell
from app.domain.control import MAX_SET_CELLS, ControlSet, SetCell
from app.domain.errors import InvalidInput, NotFound
from app.domain.message import message
from app.ports import Transaction
from app.services.erasing import refuse_erased
from app.services.intake import Delivery

MAX_NAME_LENGTH = 200
_NONE = UUID(int=0)


def freeze_cases(
    transaction: Transaction,
    name: str,
    accession_numbers: Sequence[str],
    by_name: str,
    now: datetime,
    *,
    site_ids: frozenset[UUID] | None = None,
    is_daily: bool,
) -> ControlSet:
    """Copy the cells of cases into a set; `site_ids` holds to the sites that somebody sees.

    Raises
    ------
    InvalidInput
        Without cells, with too many, or without a name.
    NotFound
        If there is no such case, or of another site.
    Conflict
        If the name is taken.
    """
    found: list[SetCell] = []
    every = [site.id for site in transaction.sites.all()]
    seen = every if site_ids is None else site_ids
    for number in dict.fromkeys(accession_numbers):
        case = transaction.cases.find(number, seen)
        if case is None:
            # The number itself is not repeated: it would go into the log with the sentence.
            raise NotFound(message("One of the accession numbers is of no case that you see."))
        cells = transaction.cells.of_case(case.id)
        found += [SetCell(str(case.id), cell) for cell in cells]
    return _freeze(transaction, name, found, by_name, now, is_daily=is_daily)


def freeze_images(
    transaction: Transaction,
    name: str,
    delivery: Delivery,
    by_name: str,
    now: datetime,
    *,
    is_daily: bool,
) -> ControlSet:
    """Copy images that were taken in into a set; each folder is a group. Raises as the other."""
    refuse_erased(transaction, {item.pixel_sha256 for item in delivery.examined})
    found = []
    for item in delivery.examined:
        folder = PurePath(item.file_name).parent.name or name
        cell = Cell(id=_NONE, case_id=_NONE, upload_id=_NONE, ordinal=0, **vars(item))
        found.append(SetCell(folder[:MAX_NAME_LENGTH], cell))
    return _freeze(transaction, name, found, by_name, now, is_daily=is_daily)


def _freeze(
    transaction: Transaction,
    name: str,
    found: Sequence[SetCell],
    by_name: str,
    now: datetime,
    *,
    is_daily: bool,
) -> ControlSet:
    name = " ".join(name.split())
    if not name or len(name) > MAX_NAME_LENGTH:
        raise InvalidInput(
            message("Give the set a name of at most {longest} characters.", longest=MAX_NAME_LENGTH)
        )
    if not 1 <= len(found) <= MAX_SET_CELLS:
        raise InvalidInput(
            message(
                "A set has between 1 and {most} cells; this one would have {count}.",
                most=MAX_SET_CELLS,
                count=len(found),
            )
        )
    fixed = ControlSet(uuid7(), name, now, by_name, len(found), is_daily)
    transaction.controls.add_set(fixed, [_own(item, place) for place, item in enumerate(found, 1)])
    transaction.audit.note(
        "control.freeze",
        subject=f"control:{fixed.id}",
        after={"cells": fixed.cell_count, "daily": is_daily},
    )
    return fixed


def _own(item: SetCell, place: int) -> SetCell:
    """A copy under its place in the set: no file name, which may tell of a patient."""
    cell = replace(
        item.cell,
        id=UUID(int=place),
        case_id=_NONE,
        upload_id=_NONE,
        ordinal=place,
        file_name=str(place),
    )
    return SetCell(item.group, cell)
