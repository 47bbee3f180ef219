"""Makes the result message of an event, and the sink that sends it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from uuid import UUID

from app.bootstrap import Container
from app.domain.errors import Damaged, NotFound
from app.domain.hl7_peer import Hl7PeerConfig
from app.domain.message import message
from app.domain.outbox import DeliveryFailed, FailureKind, OutboxEvent, SinkKind
from app.domain.report import Report
from app.interchange.hl7_sink import Hl7Sink
from app.interchange.hl7v2_ack import Names
from app.interchange.hl7v2_result import CannotBeWritten, Envelope, write_result
from app.ports import Transaction
from app.services.cancelling import is_cancelled
from app.services.report_content import read_version
from app.services.reporting import report_on

PrintReport = Callable[[UUID, int | None, str], bytes]
"""Prints a version of a case's report (None: as it stands) in a language, as PDF."""


@dataclass(frozen=True)
class ResultWriter:
    """Writes messages (`app.interchange.hl7_sink.WriteMessage`)."""

    container: Container
    printed: PrintReport

    def __call__(self, event: OutboxEvent, config: Hl7PeerConfig, control_id: str) -> bytes:
        """The report that the event tells of, as ORU^R01.

        The same event gives the same numbers under the same control id.

        Raises
        ------
        DeliveryFailed
            If nothing of it holds any more.
        CannotBeWritten
            Also if the report is not there any more, or not what was signed.
        """
        try:
            with self.container.transactions() as transaction:
                _refuse_overtaken(transaction, event)
                report = self._report(transaction, event)
                order = transaction.orders.of_case(event.case_id)
            pdf = None
            if config.pdf:
                pdf = self.printed(event.case_id, event.version, config.language)
        except (NotFound, Damaged) as error:
            raise CannotBeWritten(error.detail) from error
        return write_result(report, order, self._envelope(event, config, control_id), pdf)

    def _report(self, transaction: Transaction, event: OutboxEvent) -> Report:
        if event.version is not None:
            return read_version(transaction.versions.get(event.case_id, event.version))
        case = transaction.cases.get(event.case_id)
        active, rule = self.container.bundle, self.container.review_rule
        return report_on(transaction, case, active, rule, event.occurred_at)

    def _envelope(self, event: OutboxEvent, config: Hl7PeerConfig, control_id: str) -> Envelope:
        settings = self.container.settings
        return Envelope(
            sender=Names(settings.hl7_application, settings.hl7_facility),
            receiver=Names(config.application, config.facility),
            control_id=control_id,
            at=event.occurred_at,
            processing_id=settings.hl7_processing_id,
            charset=config.charset,
        )


def _refuse_overtaken(transaction: Transaction, event: OutboxEvent) -> None:
    """A preliminary result never follows a signed one: the receiver might put it in its place.

    Nor does it follow a cancellation.
    """
    if event.version is None and transaction.versions.count(event.case_id):
        reason = message("The report is signed by now: no preliminary result follows it.")
        raise DeliveryFailed(FailureKind.OVERTAKEN, reason)
    if event.version is None and is_cancelled(transaction, event.case_id):
        reason = message("The order was cancelled: no preliminary result of it is sent.")
        raise DeliveryFailed(FailureKind.OVERTAKEN, reason)


@contextmanager
def with_hl7_results(container: Container, printed: PrintReport) -> Iterator[Container]:
    """The container with a sink for HL7 peers, which is closed in the end."""
    settings = container.settings
    certificate, key = settings.hl7_tls_certificate, settings.hl7_tls_key
    identity = (certificate, key) if certificate and key else None
    sink = Hl7Sink(ResultWriter(container, printed), identity, now=container.now)
    try:
        yield replace(container, sinks={**container.sinks, SinkKind.HL7: sink})
    finally:
        sink.close()
