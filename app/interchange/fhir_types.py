"""The data types of FHIR R4 (4.0.1) as plain values, each made by a small function.

An element that has no value is left out: FHIR knows neither null nor empty lists.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any

from app.domain.order import CollectionTime, Precision
from app.domain.report import RESEARCH_USE_NOTICE
from app.interchange.codes import UCUM, Code, Local, local

FHIR_VERSION = "4.0.1"
LANGUAGE = "en"
_DATE_LENGTHS = {Precision.YEAR: 4, Precision.MONTH: 7, Precision.DAY: 10}

Element = dict[str, Any]
"""A FHIR element or resource as JSON."""


def element(**values: Any) -> Element:
    """An element of those values that are there; a trailing underscore is cut off (`class_`)."""
    return {name.rstrip("_"): value for name, value in values.items() if _is_there(value)}


def _is_there(value: Any) -> bool:
    return value is not None and value not in ([], {}, "")


def coding(code: Code) -> Element:
    """A code of a system with the system's words."""
    return {"system": code.system, "code": code.code, "display": code.display}


def concept(*codes: Code | None, text: str | None = None) -> Element:
    """A concept in one or more code systems; without a text, in the words of the first."""
    given = [code for code in codes if code is not None]
    words = text if text is not None or not given else given[0].display
    return element(coding=[coding(code) for code in given], text=words and str(words))


def proportion(value: float) -> Element:
    """A share, 0-1, to the last digit that is known of it: how sure it is, its interval says."""
    return {"value": value, "unit": "proportion", "system": UCUM, "code": "1"}


def log_odds(value: float) -> Element:
    """A number without a unit."""
    return {"value": value, "unit": "log-odds", "system": UCUM, "code": "1"}


def cells(count: int) -> Element:
    """A number of cells."""
    return {"value": count, "unit": "cells", "system": UCUM, "code": "{cells}"}


def interval(low: float, high: float) -> Element:
    """Both ends of an interval of shares."""
    return {"low": proportion(low), "high": proportion(high)}


def identifier(system: str, value: str, kind: Code | None = None) -> Element:
    """What a thing is called in a system."""
    return element(type=concept(kind) if kind else None, system=system, value=value)


def reference(kind: str, key: str, display: str | None = None) -> Element:
    """Where another resource is."""
    return element(reference=f"{kind}/{key}", display=display and str(display))


def moment(at: datetime) -> str:
    """An instant: in UTC and with its zone, without which it would be nobody's time."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def collected(time: CollectionTime | None) -> str | None:
    """A time as exactly as it is known; FHIR fills up the seconds of a minute."""
    if time is None or not time.precision.is_date:
        return moment(time.at) if time else None
    return time.at.date().isoformat()[: _DATE_LENGTHS[time.precision]]


def notes(*texts: str | None) -> list[Element]:
    """Annotations, one for each text that is there."""
    return [{"text": str(text)} for text in texts if text]


def narrative(title: str, lines: Sequence[str] = ()) -> Element:
    """What a person reads who has nothing but the resource; every text is escaped."""
    items = "".join(f"<li>{_shown(line)}</li>" for line in lines)
    body = f"<p><b>{_shown(title)}</b></p>" + (f"<ul>{items}</ul>" if items else "")
    notice = f"<p>{_shown(RESEARCH_USE_NOTICE)}</p>"
    return {
        "status": "generated",
        "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{body}{notice}</div>',
    }


def _shown(text: str) -> str:
    return escape(str(text), quote=False)


def meta(
    *,
    version: int | None = None,
    updated_at: datetime | None = None,
    labels: Sequence[Code] = (),
) -> Element:
    """What is known of the record; every one is tagged as of research use only."""
    return element(
        versionId=None if version is None else str(version),
        lastUpdated=moment(updated_at) if updated_at else None,
        security=[coding(code) for code in labels],
        tag=[coding(local(Local.RESEARCH_USE))],
    )


def resource(kind: str, key: str, record: Mapping[str, Any], /, **values: Any) -> Element:
    """A resource with its key and what is known of its record."""
    head = {"resourceType": kind, "id": key, "meta": dict(record), "language": LANGUAGE}
    return head | element(**values)
