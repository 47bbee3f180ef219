"""A report as the text that is kept for good, and back."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python

from app.domain.errors import Damaged
from app.domain.message import Message, message
from app.domain.report import Report
from app.domain.signing import SignedVersion

CONTENT_FORMAT = 1
_adapter = TypeAdapter(Report)


def to_content(report: Report) -> str:
    """Canonical JSON: sorted keys, no blanks, numbers to the last digit."""
    content = {
        "format": CONTENT_FORMAT,
        "report": to_jsonable_python(_in_order(_adapter.dump_python(report))),
        # What the sentences were made of, so that they can be said in another language.
        "sentences": [_parts(text) for text in report.warnings],
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def from_content(text: str) -> Report:
    """Read what `to_content` wrote."""
    content: dict[str, Any] = json.loads(text)
    report = _adapter.validate_python(content["report"])
    return replace(report, warnings=tuple(_sentence(parts) for parts in content["sentences"]))


def digest_of_draft(report: Report) -> str:
    """What a report says, whoever compiles it and when: to tell whether it has changed since.

    Hexadecimal SHA-256; version, signature and time of compilation do not enter.
    """
    same = replace(report, created_at=report.case.created_at, version=None, signature=None)
    return digest(to_content(same))


def digest(content: str) -> str:
    """Hexadecimal SHA-256 of the text in UTF-8."""
    return hashlib.sha256(content.encode()).hexdigest()


def read_version(version: SignedVersion) -> Report:
    """The report of a signed version.

    Raises
    ------
    Damaged
        If the stored text is not the one that was signed, or stands under another signature.
    """
    if digest(version.content) != version.sha256:
        raise Damaged(
            message(
                "Version {number} of this report is not what was signed: its digest differs. "
                "Restore the database from a backup, and tell who is responsible for the records.",
                number=version.number,
            )
        )
    report = from_content(version.content)
    signed = report.signature
    if report.version != version.number or not (signed and signed.repeats(version.signature)):
        raise Damaged(
            message(
                "Version {number} of this report stands under another signature than the one in "
                "its text. Restore the database from a backup, and tell who is responsible for "
                "the records.",
                number=version.number,
            )
        )
    return report


def _in_order(value: Any) -> Any:
    """Sets as sorted lists: each process has them in an order of its own."""
    if isinstance(value, Mapping):
        return {key: _in_order(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(value)
    return [_in_order(item) for item in value] if isinstance(value, list | tuple) else value


def _parts(text: str) -> dict[str, Any]:
    if isinstance(text, Message):
        return {"template": text.template, "values": dict(text.values)}
    return {"text": text}


def _sentence(parts: dict[str, Any]) -> str:
    if "template" in parts:
        return Message(parts["template"], parts["values"])
    return str(parts["text"])
