"""The sample of an order: the specimens that it points to, and when they were taken."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from app.domain.message import message
from app.domain.order import CollectionTime, Precision
from app.interchange.fhir_element import Node, referenced
from app.interchange.fhir_elements_known import SPECIMEN

_DATE = re.compile(r"\d{4}(-\d\d(-\d\d)?)?")
_DATES = {4: Precision.YEAR, 7: Precision.MONTH, 10: Precision.DAY}
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def accessions_of(root: Node, contained: dict[str, Node]) -> Iterator[Node]:
    """The identifiers of the specimens, where they have one."""
    for node in root.items("specimen"):
        if specimen := _contained(node, contained):
            if accession := specimen.child("accessionIdentifier"):
                yield accession
        elif identifier := node.child("identifier"):
            yield identifier


def collected_of(root: Node, contained: dict[str, Node]) -> CollectionTime | None:
    """When the specimen was taken, of the first one that says it.

    Raises
    ------
    ElementRefused
    """
    for node in root.items("specimen"):
        specimen = _contained(node, contained)
        collection = specimen.child("collection") if specimen else None
        if collection and (told := _told(collection)):
            return _time(told)
    return None


def _contained(node: Node, contained: dict[str, Node]) -> Node | None:
    target = node.text("reference")
    if not target or not target.startswith("#"):
        return None
    return referenced(node, contained, "Specimen").checked(SPECIMEN)


def _told(collection: Node) -> Node | None:
    """The moment, or the begin of the period."""
    period = collection.child("collectedPeriod")
    return collection.child("collectedDateTime") or (period.child("start") if period else None)


def _time(node: Node) -> CollectionTime:
    text = node.as_text()
    try:
        if _DATE.fullmatch(text):
            whole = text + "-01-01"[len(text) - 4 :]
            at = datetime.fromisoformat(whole).replace(tzinfo=UTC)
            return CollectionTime(at, _DATES[len(text)])
        if _MOMENT.fullmatch(text):
            return CollectionTime(datetime.fromisoformat(text).astimezone(UTC))
    except (ValueError, OverflowError):
        pass
    raise node.refused(
        "value",
        message("{element} must be a date, or a time with its zone.", element=node.path),
    )
