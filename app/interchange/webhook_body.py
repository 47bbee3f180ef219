"""What a webhook says: keys and addresses, and nothing that names a patient."""

import json
from typing import Any

from app.domain.outbox import OutboxEvent


def webhook_body(event: OutboxEvent, public_url: str | None) -> bytes:
    """The message, the same bytes in every attempt."""
    return json.dumps(event_content(event, public_url), separators=(",", ":")).encode()


def event_content(event: OutboxEvent, public_url: str | None) -> dict[str, Any]:
    """What is told of an event, sent or asked for.

    Parameters
    ----------
    public_url
        Where the server is reached, without a slash at the end; without one addresses are paths.
    """
    return {
        "type": event.type.value,
        "timestamp": event.occurred_at.isoformat(),
        "data": {
            "event_id": str(event.id),
            "case_id": str(event.case_id),
            "sequence": event.sequence,
            "cell_count": event.read_count,
            "bundle": event.bundle_digest,
            "version": event.version,
            "links": _links(event, public_url or ""),
        },
    }


def _links(event: OutboxEvent, root: str) -> dict[str, Any]:
    case = f"{root}/api/v1/cases/{event.case_id}"
    query = "" if event.version is None else f"?version={event.version}"
    return {
        "case": case,
        "report": f"{case}/report{query}",
        "report_pdf": f"{case}/report.pdf{query}",
    }
