"""The deliverer: sends what waits in the outbox, beside the worker, in threads of its process.

Several processes may do this at once, and any of them may be killed at any moment: what one holds
is leased, and is sent by another once the lease has ended. A message may thus arrive twice, under
the same key; it is never lost, and never overtaken by a later one of its case.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from random import SystemRandom
from threading import Event, Thread
from uuid import UUID

import structlog

from app.bootstrap import Container
from app.domain.audit import Outcome
from app.domain.errors import StorageUnavailable
from app.domain.message import message
from app.domain.outbox import (
    Claim,
    Delivery,
    DeliveryFailed,
    DeliveryState,
    Destination,
    FailureKind,
    RetryRule,
    answered,
    delivered,
    failed,
    troubled,
)
from app.ports import Outgoing, Transaction

POLL_S = 1.0
# Few: what a killed process holds is kept from the others until the lease ends.
CLAIMS_AT_ONCE = 16
# One message, with all its timeouts; nothing is begun that might outlast its lease.
SEND_S = 30.0
LEASE = timedelta(seconds=120)
# One thread each: a receiver that hangs keeps none of the others waiting.
DESTINATIONS_AT_ONCE = 8
RULE = RetryRule()

_log = structlog.get_logger(__name__)
_random = SystemRandom()


@contextmanager
def deliverer(container: Container, rule: RetryRule = RULE) -> Iterator[None]:
    """Deliver in threads while the context lasts; a message on its way is finished."""
    stop = Event()
    thread = Thread(target=_run, args=(container, rule, stop), name="deliverer", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _run(container: Container, rule: RetryRule, stop: Event) -> None:
    running: dict[UUID, Future[None]] = {}
    with ThreadPoolExecutor(DESTINATIONS_AT_ONCE, "delivery") as threads:
        while not stop.is_set():
            running = {key: future for key, future in running.items() if not future.done()}
            for destination_id in _due(container):
                if destination_id not in running and len(running) < DESTINATIONS_AT_ONCE:
                    running[destination_id] = threads.submit(
                        _deliver_all, container, destination_id, rule, stop
                    )
            stop.wait(POLL_S)


def _due(container: Container) -> Sequence[UUID]:
    try:
        with container.transactions() as transaction:
            return transaction.outbox.due(container.sinks.keys(), container.now())
    except Exception:
        _log.exception("the outbox could not be read; it is tried again")
        return []


def _deliver_all(container: Container, destination_id: UUID, rule: RetryRule, stop: Event) -> None:
    try:
        while not stop.is_set() and deliver_some(container, destination_id, rule, stop):
            pass
    except Exception:
        _log.exception(
            "a destination could not be served; it is tried again", destination=str(destination_id)
        )


def deliver_some(
    container: Container, destination_id: UUID, rule: RetryRule = RULE, stop: Event | None = None
) -> int:
    """Claim some messages for a destination and send them; how many were tried.

    Raises
    ------
    StorageUnavailable
        What was claimed is sent once its lease has ended.
    """
    now = container.now()
    with container.transactions() as transaction:
        claims = list(transaction.outbox.claim(destination_id, now, now + LEASE, CLAIMS_AT_ONCE))
    tried = 0
    destination = claims[0].destination if claims else None
    while claims and destination and _may_go_on(container, claims[0], destination, tried, stop):
        claim = replace(claims.pop(0), destination=destination)
        destination = _attempt(container, claim, rule)
        tried += 1
    if claims:
        with container.transactions() as transaction:
            transaction.outbox.release(claims)
    return tried


def _may_go_on(
    container: Container, claim: Claim, destination: Destination, tried: int, stop: Event | None
) -> bool:
    """A receiver in trouble is tried with one message, and not with all of them in turn."""
    if stop is not None and stop.is_set():
        return False
    if tried and (destination.failures or not destination.enabled):
        return False
    return container.now() + timedelta(seconds=SEND_S) < claim.leased_until


def _attempt(container: Container, claim: Claim, rule: RetryRule) -> Destination:
    """Send one message and write what became of it; the destination as it then stands."""
    failure = _send(container, claim)
    now, jitter = container.now(), _random.random()
    if failure is None:
        delivery, destination = delivered(claim.delivery, now), answered(claim.destination)
    else:
        delivery = failed(claim.delivery, failure, rule, now, jitter)
        destination = troubled(claim.destination, failure, rule, now, jitter)
    with container.transactions() as transaction:
        if transaction.outbox.settle(claim, delivery, destination, now):
            _note(transaction, delivery)
    if failure is not None:
        _log.warning(
            "message not delivered",
            message_id=str(delivery.event.id),
            destination=str(destination.id),
            attempts=delivery.attempts,
            given_up=delivery.state is DeliveryState.DEAD,
            reason=failure.detail,
        )
    return destination


def _note(transaction: Transaction, delivery: Delivery) -> None:
    """What left the laboratory, and what was given up, stands in the audit."""
    actions = {
        DeliveryState.DELIVERED: "message.deliver",
        DeliveryState.DEAD: "message.give_up",
        DeliveryState.SKIPPED: "message.skip",
    }
    action, event = actions.get(delivery.state), delivery.event
    if action is None:
        return
    transaction.audit.note(
        action,
        case_id=event.case_id,
        subject=f"destination:{delivery.destination_id}",
        after={
            "message": str(event.id),
            "type": event.type.value,
            "version": event.version,
            "attempts": delivery.attempts,
        },
        outcome=Outcome.FAILED if delivery.state is DeliveryState.DEAD else Outcome.DONE,
    )


def _send(container: Container, claim: Claim) -> DeliveryFailed | None:
    sink = container.sinks[claim.destination.kind]
    try:
        sink.send(Outgoing(claim.delivery.event, claim.destination, claim.leased_until))
    except DeliveryFailed as failure:
        return failure
    except StorageUnavailable:
        # Not the receiver's fault: it counts as no attempt.
        raise
    # Whatever one message does to its sink, the others are still to be sent.
    except Exception as error:
        _log.exception("message not made", message_id=str(claim.delivery.event.id))
        reason = message(
            "The message could not be made ({error}). The server's log says more.",
            error=type(error).__name__,
        )
        return DeliveryFailed(FailureKind.REFUSED, reason)
    return None
