"""Who acts at this moment: set once at each edge, read where the audit is written."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID

from app.domain.audit import PRODUCT, Actor


@dataclass
class Act:
    """What goes on.

    Parameters
    ----------
    is_noted
        Whether something of it stands in the audit; the threads of a request share it.
    subject
        What it is about, where its address does not say: the account of a failed sign-in.
    case_id
        The case that it is about, which the address may name by a cell or a delivery alone.
    """

    actor: Actor
    is_noted: bool = False
    subject: str | None = None
    case_id: UUID | None = None


_act: ContextVar[Act | None] = ContextVar("act", default=None)


def acting() -> Actor:
    """Who acts; the product itself where no edge said otherwise."""
    act = _act.get()
    return act.actor if act else PRODUCT


def noted() -> None:
    """Something of the act was written to the audit, and committed."""
    if act := _act.get():
        act.is_noted = True


def become(actor: Actor) -> None:
    """Only now it is known who acts: who has signed in, for example."""
    if act := _act.get():
        act.actor = actor


def concerns(subject: str) -> None:
    """Only now it is known what the act is about."""
    if act := _act.get():
        act.subject = subject


def concerns_case(case_id: UUID) -> None:
    """Only now it is known which case the act is about."""
    if act := _act.get():
        act.case_id = case_id


@contextmanager
def acting_as(actor: Actor) -> Iterator[Act]:
    """For a while, in this thread or task and those that it starts."""
    act = Act(actor)
    token = _act.set(act)
    try:
        yield act
    finally:
        _act.reset(token)
