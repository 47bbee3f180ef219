"""The client: open cases, send images, wait, read reports."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import httpx

from app.client.errors import NotValid, TimedOut
from app.client.events import Event, events_of
from app.client.models import (
    Case,
    Cell,
    ClinicalContext,
    RefusedFile,
    Report,
    SignedVersion,
    Upload,
)
from app.client.sending import (
    Delivered,
    LocalFile,
    SendProgress,
    Tell,
    as_given,
    batches,
    find_files,
)
from app.client.transport import Retries, Transport

CONNECT_S, ANSWER_S = 10, 300
LONGEST_WAIT_S = 60
"""Of one question; the server answers as soon as no cell waits."""
PAUSE_S = 0.2
LAST_EVENT = "done"
OPEN_STREAM_S = 60
"""A stream of events says something, a comment at least, more often than this."""


class Vexascope:
    """A connection to one server, for one API client; close it, or use it in a `with`.

    Parameters
    ----------
    url
        Address of the server, `https://vexascope.example.org` for example.
    key
        Of an API client, or a person's token. It is sent to this address alone: redirects are
        not followed.
    retries
        How often to ask again where the server is away or busy.
    transport
        In place of the network, for tests.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        retries: Retries | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        client = httpx.Client(
            base_url=url.rstrip("/") + "/api/v1",
            headers={"Authorization": f"Bearer {key}", "Accept": "application/json"},
            timeout=httpx.Timeout(ANSWER_S, connect=CONNECT_S),
            transport=transport,
        )
        self._transport = Transport(client, retries or Retries())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._transport.close()

    # ---- cases ----

    def open_case(
        self,
        accession_number: str,
        patient_identifier: str,
        *,
        patient_name: str | None = None,
        context: ClinicalContext | None = None,
    ) -> Case:
        """Open a case; the patient is found by the identifier, or made.

        Raises
        ------
        Conflict
            If the accession number is in use, or the patient has another name.
        """
        body: dict[str, Any] = {
            "accession_number": accession_number,
            "patient_identifier": patient_identifier,
        }
        if patient_name is not None:
            body["patient_name"] = patient_name
        if context is not None:
            body["clinical_context"] = context.model_dump(exclude_none=True)
        return Case.model_validate(self._transport.post("/cases", json=body).json())

    def case(self, case_id: UUID | str) -> Case:
        """One case, and how far its classification is; raises `NotFound`."""
        return Case.model_validate(self._transport.get(f"/cases/{case_id}").json())

    def find_case(self, accession_number: str) -> Case | None:
        """The case with exactly this accession number, if the key's sites have it."""
        body = {"accession_number": accession_number}
        items = self._transport.search("/cases/search", json=body).json()["items"]
        return Case.model_validate(items[0]) if items else None

    # ---- images ----

    def send(
        self,
        case_id: UUID | str,
        paths: Iterable[Path | str],
        *,
        progress: Tell | None = None,
    ) -> Delivered:
        """Send files, folders (at any depth) and ZIPs, in batches; what is refused is listed.

        Each batch is stored whole or not at all, so an interrupted call can simply be made again:
        images that the case has already are told apart by their pixels.

        Parameters
        ----------
        progress
            Called before the first batch and after each.

        Raises
        ------
        FileNotFoundError
            If a path is not there; nothing is sent then.
        """
        files = find_files(Path(path) for path in paths)
        delivered, told = Delivered(), _Told(files, progress)
        told.tell()
        for batch in batches(files):
            self._send_batch(str(case_id), batch, delivered)
            told.tell(batch)
        return delivered

    def _send_batch(self, case_id: str, batch: Sequence[LocalFile], delivered: Delivered) -> None:
        with ExitStack() as stack:
            parts = []
            for file in batch:
                try:
                    opened = stack.enter_context(file.path.open("rb"))
                except OSError as error:
                    delivered.refused.append(_unreadable(file.path, error))
                else:
                    parts.append(("files", (file.path.name, opened)))
            if parts:
                self._deliver(case_id, parts, batch, delivered)

    def _deliver(
        self, case_id: str, parts: list[Any], batch: Sequence[LocalFile], delivered: Delivered
    ) -> None:
        try:
            response = self._transport.post(f"/cases/{case_id}/cells", files=parts)
        except NotValid as problem:
            # Not one file of the batch could be read; without a list the request itself is wrong.
            if not problem.refused:
                raise
            delivered.refused += _named(problem.refused, batch)
            return
        upload = Upload.model_validate(response.json())
        delivered.accepted_count += upload.accepted_count
        delivered.duplicates += [as_given(name, batch) for name in upload.duplicates]
        delivered.refused += _named(upload.refused, batch)

    def wait(self, case_id: UUID | str, timeout_s: float = 600) -> Case:
        """Wait until every cell of a case is classified or has failed.

        Raises
        ------
        TimedOut
            The server goes on; ask again later.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            left_s = max(0, deadline - time.monotonic())
            params = {"wait": min(left_s, LONGEST_WAIT_S)}
            answer = self._transport.get(f"/cases/{case_id}", params=params)
            case = Case.model_validate(answer.json())
            if case.progress.is_done:
                return case
            if time.monotonic() >= deadline:
                waiting = case.progress.pending_count
                raise TimedOut(f"After {timeout_s:g} s {waiting} cells still wait.")
            # A server that stops answers at once.
            time.sleep(PAUSE_S)

    def cells(self, case_id: UUID | str) -> list[Cell]:
        """All cells of a case by ordinal, with their findings."""
        items = self._transport.get(f"/cases/{case_id}/cells").json()["items"]
        return [Cell.model_validate(item) for item in items]

    # ---- reports ----

    def report(self, case_id: UUID | str, version: int | None = None) -> Report:
        """A signed version; without a number the latest of a signed case, else as it stands."""
        answer = self._transport.get(f"/cases/{case_id}/report", params=_version(version))
        return Report.read(answer.json())

    def report_pdf(
        self, case_id: UUID | str, version: int | None = None, *, language: str = "en"
    ) -> bytes:
        """The same to print, in `en` or `fr`."""
        answer = self._transport.get(
            f"/cases/{case_id}/report.pdf",
            params=_version(version),
            headers={"Accept": "application/pdf", "Accept-Language": language},
        )
        return answer.content

    def versions(self, case_id: UUID | str) -> list[SignedVersion]:
        """The signed versions, the oldest first."""
        items = self._transport.get(f"/cases/{case_id}/versions").json()["items"]
        return [SignedVersion.model_validate(item) for item in items]

    # ---- events ----

    def events(self, case_id: UUID | str, *, after: str = "") -> Iterator[Event]:
        """How far a case is, as it happens; the last event is named `done`.

        Where the server ends the stream before, it is asked for again.

        Parameters
        ----------
        after
            The `id` of the last event that was seen, to go on behind it.

        Raises
        ------
        Unreachable
            If the connection breaks; go on with the `id` of the last event.
        """
        timeout = httpx.Timeout(OPEN_STREAM_S, connect=CONNECT_S)
        path = f"/cases/{case_id}/events"
        while True:
            headers = {"Accept": "text/event-stream", **({"Last-Event-ID": after} if after else {})}
            with self._transport.stream(path, headers=headers, timeout=timeout) as response:
                if response.status_code == HTTPStatus.NO_CONTENT:
                    return
                for event in events_of(response.iter_lines()):
                    after = event.id
                    yield event
                    if event.name == LAST_EVENT:
                        return
            time.sleep(PAUSE_S)


class _Told:
    """Sums for the progress."""

    def __init__(self, files: Sequence[LocalFile], tell: Tell | None) -> None:
        self._all_files = len(files)
        self._all_bytes = sum(file.size_bytes for file in files)
        self._sent_files = self._sent_bytes = 0
        self._tell = tell

    def tell(self, batch: Sequence[LocalFile] = ()) -> None:
        self._sent_files += len(batch)
        self._sent_bytes += sum(file.size_bytes for file in batch)
        if self._tell:
            self._tell(
                SendProgress(self._sent_files, self._all_files, self._sent_bytes, self._all_bytes)
            )


def _named(refused: Iterable[RefusedFile], batch: Sequence[LocalFile]) -> list[RefusedFile]:
    return [item.model_copy(update={"file": as_given(item.file, batch)}) for item in refused]


def _unreadable(path: Path, error: OSError) -> RefusedFile:
    cause = error.strerror or type(error).__name__
    return RefusedFile(file=str(path), reason="cannot_be_read", detail=f"{cause}. Check the file.")


def _version(version: int | None) -> dict[str, int]:
    return {} if version is None else {"version": version}
