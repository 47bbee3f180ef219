"""`python -m tests.benchmarks.delivery_hl7`: 10,000 results to a peer that is killed twice.

The peer is a process of its own, killed as the kernel kills, each time with a message that it has
taken and not confirmed. Counted is what it had taken: every result, those that came twice (by their
MSH-10), and in which order those of a case came.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table
from uuid_utils.compat import uuid7

from app import logs
from app.bootstrap import Container, migrate, running
from app.cli.serving import printer
from app.domain.access import Role
from app.domain.case import NewCase
from app.domain.hl7_peer import Hl7PeerConfig
from app.domain.outbox import DeliveryState, SinkKind
from app.domain.report import Report
from app.domain.signing import SignedVersion
from app.domain.user import NO_PASSWORD, User
from app.jobs.deliverer import deliverer
from app.jobs.hl7_results import with_hl7_results
from app.ports import Transaction
from app.services.hl7_peers import Hl7PeerForm, add_peer
from app.services.report_content import digest, to_content
from app.services.telling import tell_signed
from app.settings import LogFormat, Settings
from tests.conftest import free_port
from tests.interchange.hl7_messages import make_report, signed

CASES, VERSIONS = 2_000, 5
AT_ONCE = 100
AWAY_S = 3.0
HOLD_S = 1.5
WITH_PDF = 50
START = datetime(2026, 1, 1, tzinfo=UTC)
SIGNER = User(uuid7(), "ann", Role.HAEMATOLOGIST, NO_PASSWORD)


@dataclass(frozen=True)
class Outcome:
    """What the peer had accepted in the end."""

    expected: int
    received: int
    different: int
    changed: int
    out_of_order: int
    seconds: float

    @property
    def lost(self) -> int:
        """Results that never came."""
        return self.expected - self.different


class PeerProcess:
    """The peer; it can be killed, and started again on its port."""

    def __init__(self, folder: Path) -> None:
        self.port, self.file = free_port(), folder / "received"
        self.file.touch()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it."""
        module = "tests.interchange.peer_process"
        command = [sys.executable, "-m", module, str(self.port), str(self.file)]
        self._process = subprocess.Popen(command)

    def kill(self) -> None:
        """As the kernel does."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def kill_without_answer(self) -> None:
        """Once it has taken a message that it has not confirmed yet: that one comes again."""
        hold = self.file.with_name(f"{self.file.name}.hold")
        hold.touch()
        # Those that it was about to confirm are through; the next one is held.
        time.sleep(HOLD_S)
        self.kill()
        hold.unlink()

    def lines(self) -> list[list[str]]:
        """What it has accepted, in the order in which it came; a line cut off was not."""
        text = self.file.read_text(encoding="utf-8")
        return [line.split("\t") for line in text.split("\n")[:-1]]


def main() -> int:
    """Fill, deliver, count, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=CASES, help="each with 5 versions")
    options = parser.parse_args()
    # Ten thousand lines of what went well would hide the table.
    logs.configure(LogFormat.TEXT, "ERROR")
    with tempfile.TemporaryDirectory(prefix="vexascope-hl7-") as name:
        folder = Path(name)
        with _made(folder) as container:
            peer = PeerProcess(folder)
            _add(container, "numbers", peer.port, pdf=False)
            _fill(container, options.cases, VERSIONS)
            outcome = _deliver(container, peer, options.cases * VERSIONS, kills=2)
            printed = PeerProcess(folder / "pdf")
            _remove_all(container)
            _add(container, "printed", printed.port, pdf=True)
            _fill(container, WITH_PDF, 1, "PDF-")
            with_pdf = _deliver(container, printed, WITH_PDF, kills=0)
    _print(outcome, with_pdf)
    return int(bool(outcome.lost or outcome.changed or outcome.out_of_order))


@contextmanager
def _made(folder: Path) -> Iterator[Container]:
    (folder / "pdf").mkdir()
    with running(Settings(_env_file=None, data_dir=folder, worker_in_server=False)) as container:
        migrate(container)
        with container.transactions() as transaction:
            transaction.users.add(SIGNER, START)
        yield container


def _add(container: Container, name: str, port: int, *, pdf: bool) -> None:
    config = Hl7PeerConfig("127.0.0.1", port, pdf=pdf)
    with container.transactions() as transaction:
        add_peer(transaction, Hl7PeerForm(name, config), START)


def _remove_all(container: Container) -> None:
    with container.transactions() as transaction:
        for peer in transaction.destinations.all(SinkKind.HL7):
            transaction.destinations.remove(peer.id, START)


def _fill(container: Container, cases: int, versions: int, prefix: str = "A-") -> None:
    """Signed versions, each told of as a signature tells of it."""
    template = make_report(version=None)
    for first in range(0, cases, AT_ONCE):
        with container.transactions() as transaction:
            for number in range(first, min(first + AT_ONCE, cases)):
                _sign_all(transaction, template, f"{prefix}{number}", versions)


def _sign_all(transaction: Transaction, template: Report, number: str, versions: int) -> None:
    case = transaction.cases.add(NewCase(number, f"P-{number}"), START)
    transaction.cases.lock(case.id)
    for version in range(1, versions + 1):
        report = signed(replace(template, case=case), version)
        assert report.signature is not None
        signature = replace(report.signature, signer_id=SIGNER.id)
        content = to_content(replace(report, signature=signature))
        made = SignedVersion(uuid7(), case.id, version, signature, content, digest(content))
        transaction.versions.add(made)
        tell_signed(transaction, made, report.bundle.digest, 120)


def _deliver(container: Container, peer: PeerProcess, expected: int, kills: int) -> Outcome:
    """Deliver all; the peer is killed after equal parts of it."""
    peer.start()
    began = time.monotonic()
    with with_hl7_results(container, printer(container)) as sending, deliverer(sending):
        for part in range(1, kills + 1):
            _wait_for(lambda part=part: len(peer.lines()) >= expected * part / (kills + 1))
            peer.kill_without_answer()
            time.sleep(AWAY_S)
            peer.start()
        _wait_for(lambda: _delivered(container) >= expected)
    seconds = time.monotonic() - began
    peer.kill()
    return _count(peer.lines(), expected, seconds)


def _delivered(container: Container) -> int:
    with container.transactions() as transaction:
        return sum(
            transaction.destinations.counts(peer.id)[DeliveryState.DELIVERED]
            for peer in transaction.destinations.all(SinkKind.HL7)
        )


def _wait_for(condition) -> None:
    while not condition():
        time.sleep(0.25)


def _count(lines: list[list[str]], expected: int, seconds: float) -> Outcome:
    contents, versions = defaultdict(set), defaultdict(list)
    for number, accession, version, content in lines:
        contents[number].add(content)
        versions[accession].append(int(version))
    return Outcome(
        expected=expected,
        received=len(lines),
        different=len(contents),
        changed=sum(len(found) > 1 for found in contents.values()),
        # The same one twice is a duplicate, and no disorder.
        out_of_order=sum(found != sorted(found) for found in versions.values()),
        seconds=seconds,
    )


def _print(outcome: Outcome, with_pdf: Outcome) -> None:
    table = Table(title="HL7 results to a peer that was killed twice")
    for name in ("", "messages", "lost", "came twice", "other content", "out of order", "a second"):
        table.add_column(name, justify="right")
    for name, found in (("numbers", outcome), ("with PDF, not killed", with_pdf)):
        table.add_row(
            name,
            f"{found.expected:,}",
            str(found.lost),
            str(found.received - found.different),
            str(found.changed),
            str(found.out_of_order),
            f"{found.expected / found.seconds:.0f}",
        )
    Console(width=110).print(table)


if __name__ == "__main__":
    sys.exit(main())
