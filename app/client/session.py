"""The client: open cases, send images, wait, read reports."""

import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import httpx

from app.client.answers import Page, answered
from app.client.errors import TimedOut
from app.client.events import Event, events_of
from app.client.models import (
    Case,
    Cell,
    ClinicalContext,
    Happenings,
    Report,
    SignedVersion,
)
from app.client.sender import Sender
from app.client.sending import Delivered, Tell
from app.client.transport import CONNECT_S, Retries, Transport, connection

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

    Raises
    ------
    VexascopeClientError
        If the address or the key cannot be one; each method raises its subclasses.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        retries: Retries | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._transport = Transport(connection(url, key, transport), retries or Retries())

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
        site_id: UUID | str | None = None,
    ) -> Case:
        """Open a case; the patient is found by the identifier, or made.

        Parameters
        ----------
        site_id
            Of the case; a key of several sites needs it.

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
        if site_id is not None:
            body["site_id"] = str(site_id)
        return answered(Case, self._transport.post("/cases", json=body))

    def case(self, case_id: UUID | str) -> Case:
        """One case, and how far its classification is; raises `NotFound`."""
        return answered(Case, self._transport.get(f"/cases/{case_id}"))

    def find_case(self, accession_number: str) -> Case | None:
        """The case with exactly this accession number, if the key's sites have it."""
        body = {"accession_number": accession_number}
        found = answered(Page[Case], self._transport.search("/cases/search", json=body)).items
        return found[0] if found else None

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
        return Sender(self._transport, str(case_id)).send(paths, progress)

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
            case = answered(Case, answer)
            if case.progress.is_done:
                return case
            if time.monotonic() >= deadline:
                waiting = case.progress.pending_count
                raise TimedOut(f"After {timeout_s:g} s {waiting} cells still wait.")
            # A server that stops answers at once.
            time.sleep(PAUSE_S)

    def cells(self, case_id: UUID | str) -> list[Cell]:
        """All cells of a case by ordinal, with their findings."""
        found: list[Cell] = []
        params: dict[str, str] = {}
        while True:
            answer = self._transport.get(f"/cases/{case_id}/cells", params=params)
            page = answered(Page[Cell], answer)
            found += page.items
            if page.next_cursor is None:
                return found
            params = {"cursor": page.next_cursor}

    # ---- reports ----

    def report(self, case_id: UUID | str, version: int | None = None) -> Report:
        """A signed version; without a number the latest of a signed case, else as it stands."""
        answer = self._transport.get(f"/cases/{case_id}/report", params=_version(version))
        return answered(Report, answer)

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
        answer = self._transport.get(f"/cases/{case_id}/versions")
        return answered(Page[SignedVersion], answer).items

    # ---- events ----

    def happenings(
        self, cursor: str | None = None, *, since: datetime | None = None, wait_s: float = 0
    ) -> Happenings:
        """What was classified, signed and amended since, in order and each once.

        Parameters
        ----------
        cursor
            `next_cursor` of the answer before; None begins with the first.
        since
            Only what happened then or later; with its zone.
        wait_s
            Wait so long for something to happen.
        """
        params: dict[str, Any] = {"wait": min(wait_s, LONGEST_WAIT_S)}
        if cursor is not None:
            params["cursor"] = cursor
        if since is not None:
            params["since"] = since.isoformat()
        return answered(Happenings, self._transport.get("/events", params=params))

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


def _version(version: int | None) -> dict[str, int]:
    return {} if version is None else {"version": version}
