"""Examples of requests, by operation; a test sends each of them as it stands here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Example:
    """A request that works.

    Parameters
    ----------
    body
        JSON.
    parameters
        Of the query and the headers, by name. Keys in the path are the reader's own.
    """

    body: Mapping[str, Any] | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


_PAGE = Example(parameters={"limit": 20})
_WAIT = Example(parameters={"wait": 30})

EXAMPLES: Mapping[str, Example] = {
    "create_case": Example(
        {
            "accession_number": "B26-0417",
            "patient_identifier": "P-0042",
            "clinical_context": {
                "age_years": 71,
                "sex": "male",
                "haemoglobin_g_dl": 9.1,
                "mcv_fl": 108,
                "platelets_10e9_l": 142,
                "question": "Macrocytic anaemia and relapsing fever. VEXAS?",
            },
        }
    ),
    "list_cases": Example(
        parameters={
            "state": ["to_review", "reviewed"],
            "opened_from": "2026-01-01",
            "opened_to": "2026-12-31",
            "limit": 20,
        }
    ),
    "search_cases": Example({"accession_number": "B26-0417"}),
    "read_case": _WAIT,
    "change_case": Example(
        {"clinical_context": {"mcv_fl": 111, "known_cytopenia": None}}, {"if-match": "*"}
    ),
    "create_cells_by_reference": Example(
        {"objects": ["run-7/cell-1.png", "run-7/cells.zip"]}, {"wait": 30}
    ),
    "list_events": Example(
        parameters={
            "type": ["signed", "amended"],
            "since": "2026-01-01T00:00:00Z",
            "limit": 100,
        }
    ),
    "list_cells": _PAGE,
    "read_report": _WAIT,
    "list_reviews": Example(parameters={"limit": 500}),
    "list_uploads": _PAGE,
    "list_patients": _PAGE,
    "search_patients": Example({"identifier": "P-0042"}),
    "list_patient_cases": _PAGE,
    "create_client": Example(
        {"name": "Laboratory system", "scopes": ["cases:write", "cells:write", "reports:read"]}
    ),
    "change_client": Example({"scopes": ["cases:read", "reports:read"]}, {"if-match": "*"}),
    "rotate_key": Example({"days": 90, "overlap_hours": 24}),
    "create_webhook": Example(
        {
            "name": "Middleware",
            "url": "https://lis.example/vexascope",
            "events": ["signed", "amended"],
        }
    ),
    "change_webhook": Example({"enabled": False}, {"if-match": "*"}),
    "renew_secret": Example({"overlap_hours": 24}),
}
