"""`python -m tests.benchmarks.delivery`: 10,000 webhooks to a receiver that is killed twice.

The receiver is a process of its own, killed as the kernel kills, each time after it has taken a
message and before it has answered. Counted is what it had taken: every message, those that came
twice, and in which order those of a case came. `delivery_hl7` is the same for HL7.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from rich.console import Console
from rich.table import Table

from app import logs
from app.bootstrap import Container, migrate, running
from app.domain.case import NewCase
from app.domain.outbox import DeliveryState, EventType
from app.jobs.deliverer import deliverer
from app.services.identity import ensure_administrator
from app.services.webhooks import Made, WebhookForm, make_webhook
from app.settings import LogFormat, Settings
from tests.accounts import ADMIN_PASSWORD
from tests.conftest import free_port

CASES, EVENTS = 2_000, 5
AT_ONCE = 100
AWAY_S = 3.0
KILLS = 2
START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Outcome:
    """What the receiver had taken in the end."""

    expected: int
    received: int
    different: int
    twice: int
    changed: int
    out_of_order: int
    seconds: float

    @property
    def lost(self) -> int:
        """Messages that never came."""
        return self.expected - self.different


class ReceiverProcess:
    """The receiver; it can be killed, and started again on its port."""

    def __init__(self, folder: Path) -> None:
        self.port, self.file, self.hold = free_port(), folder / "received", folder / "hold"
        self.url = f"http://127.0.0.1:{self.port}/hook"
        self.file.touch()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, secret: str) -> None:
        """Start it."""
        module = "tests.interchange.receiver_process"
        command = [sys.executable, "-m", module, str(self.port), str(self.file), str(self.hold)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE)
        assert self._process.stdin is not None
        # Not on its command line, which every process can read.
        self._process.stdin.write(f"{secret}\n".encode())
        self._process.stdin.flush()

    def kill(self) -> None:
        """As the kernel does."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def kill_with_an_answer_under_way(self) -> None:
        """After it has taken one more message, and before it has said so."""
        self.hold.touch()
        before = self.count()
        _wait_for(lambda: self.count() > before)
        self.kill()
        self.hold.unlink()

    def count(self) -> int:
        """How many it has taken."""
        return self.file.read_bytes().count(b"\n")

    def lines(self) -> list[list[str]]:
        """What it has taken, in the order in which it came."""
        return [line.split("\t") for line in self.file.read_text().splitlines()]


def main() -> int:
    """Fill, deliver, count, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=CASES, help="each with 5 messages")
    options = parser.parse_args()
    # Ten thousand lines of what went well would hide the table.
    logs.configure(LogFormat.TEXT, "ERROR")
    with tempfile.TemporaryDirectory(prefix="vexascope-webhooks-") as name:
        receiver = ReceiverProcess(Path(name))
        with _made(Path(name)) as container:
            made = _webhook(container, receiver.url)
            _fill(container, options.cases)
            outcome = _deliver(container, receiver, made, options.cases * EVENTS)
    _print(outcome)
    return int(bool(outcome.lost or outcome.changed or outcome.out_of_order))


@contextmanager
def _made(folder: Path) -> Iterator[Container]:
    settings = Settings(
        _env_file=None,
        data_dir=folder,
        worker_in_server=False,
        webhook_allowed="127.0.0.1",
    )
    with running(settings) as container:
        migrate(container)
        yield container


def _webhook(container: Container, url: str) -> Made:
    with container.transactions() as transaction:
        ensure_administrator(transaction, ADMIN_PASSWORD, START)
        [admin] = transaction.users.all()
        form = WebhookForm("receiver", url, frozenset(EventType))
        return make_webhook(transaction, admin, form, container.sealer, START)


def _fill(container: Container, cases: int) -> None:
    for first in range(0, cases, AT_ONCE):
        with container.transactions() as transaction:
            for number in range(first, min(first + AT_ONCE, cases)):
                case = transaction.cases.add(NewCase(f"A-{number}", f"P-{number}"), START)
                transaction.cases.lock(case.id)
                for version in range(EVENTS):
                    transaction.outbox.publish(
                        EventType.AMENDED if version > 1 else list(EventType)[version],
                        case.id,
                        START,
                        bundle_digest="d" * 64,
                        read_count=100,
                        version=version or None,
                    )


def _deliver(container: Container, receiver: ReceiverProcess, made: Made, expected: int) -> Outcome:
    """Deliver all; the receiver is killed after each third of it."""
    receiver.start(made.secret)
    began = time.monotonic()
    with deliverer(container):
        for part in range(1, KILLS + 1):
            _wait_for(lambda part=part: receiver.count() >= expected * part / (KILLS + 1))
            receiver.kill_with_an_answer_under_way()
            time.sleep(AWAY_S)
            receiver.start(made.secret)
        _wait_for(lambda: _delivered(container, made.webhook.id) >= expected)
    seconds = time.monotonic() - began - KILLS * AWAY_S
    receiver.kill()
    return _count(receiver.lines(), expected, seconds)


def _delivered(container: Container, webhook_id: UUID) -> int:
    with container.transactions() as transaction:
        return transaction.destinations.counts(webhook_id)[DeliveryState.DELIVERED]


def _wait_for(condition) -> None:
    while not condition():
        time.sleep(0.1)


def _count(lines: list[list[str]], expected: int, seconds: float) -> Outcome:
    contents, sequences = defaultdict(set), defaultdict(list)
    for key, case, sequence, digest in lines:
        contents[key].add(digest)
        sequences[case].append(int(sequence))
    came = Counter(line[0] for line in lines)
    return Outcome(
        expected=expected,
        received=len(lines),
        different=len(contents),
        twice=sum(count > 1 for count in came.values()),
        changed=sum(len(found) > 1 for found in contents.values()),
        # The same one twice is a duplicate, and no disorder.
        out_of_order=sum(found != sorted(found) for found in sequences.values()),
        seconds=seconds,
    )


def _print(outcome: Outcome) -> None:
    table = Table(title="Webhooks to a receiver that was killed twice, an answer lost each time")
    for name in ("messages", "received", "lost", "twice", "other content", "disorder", "a second"):
        table.add_column(name, justify="right")
    table.add_row(
        f"{outcome.expected:,}",
        f"{outcome.received:,}",
        str(outcome.lost),
        str(outcome.twice),
        str(outcome.changed),
        str(outcome.out_of_order),
        f"{outcome.expected / outcome.seconds:.0f}",
    )
    Console(width=110).print(table)


if __name__ == "__main__":
    sys.exit(main())
