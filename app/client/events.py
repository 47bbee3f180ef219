"""Server-sent events, as the WHATWG's HTML standard defines the stream."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Event:
    """Something that happened.

    Parameters
    ----------
    name
        Kind of the event.
    id
        Its place in the stream; empty where the server gives none.
    data
        The JSON of the event; None where it carries none.
    """

    name: str
    id: str
    data: Any


def events_of(lines: Iterable[str]) -> Iterator[Event]:
    """Events out of the lines of a stream; comments, which keep it open, are passed over."""
    fields: dict[str, list[str]] = {}
    for line in lines:
        if not line:
            if "data" in fields:
                yield _event(fields)
            fields = {}
            continue
        name, _, value = line.partition(":")
        if name:
            fields.setdefault(name, []).append(value.removeprefix(" "))


def _event(fields: dict[str, list[str]]) -> Event:
    text = "\n".join(fields["data"])
    return Event(
        name=fields.get("event", ["message"])[-1],
        id=fields.get("id", [""])[-1],
        data=json.loads(text) if text else None,
    )
