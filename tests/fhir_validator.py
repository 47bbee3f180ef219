"""An independent validator of FHIR R4, which runs under Node (`.ci/install-node`)."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from app.settings import PROJECT

NODE_TESTS = PROJECT / "tests" / "node"
# The validator lets these through: it knows the formats of dates, not of instants and ids, does not
# mind empty elements, and resolves no reference.
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
INSTANTS = {"issued", "lastUpdated", "recorded", "timestamp", "when"}


class FhirValidator:
    """Asks the validator about one resource after another."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            ["node", "validate.js"],
            cwd=NODE_TESTS,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def problems(self, resource: object) -> list[str]:
        """What is wrong with a resource; empty where nothing is."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(resource, allow_nan=False) + "\n")
        self._process.stdin.flush()
        verdict = json.loads(self._process.stdout.readline())
        found = [
            f"{item['location']}: {item['message']}"
            for item in verdict["messages"]
            if item["severity"] in {"error", "fatal"}
        ]
        assert verdict["valid"] == (not found)
        found += [f"{path}: not an instant" for path in _wrong_instants(resource)]
        return found + [f"{path}: empty" for path in _empty(resource)]

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)


def start() -> FhirValidator:
    """Start it; skips, saying so, where Node or the package is absent."""
    if shutil.which("node") is None or not (NODE_TESTS / "node_modules" / "fhir").is_dir():
        pytest.skip(
            "the FHIR validator is absent: run `make setup-test` where Node can be installed"
        )
    return FhirValidator()


def references(value: object) -> Iterator[str]:
    """Every reference within a resource or Bundle."""
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def dangling(bundle: dict) -> list[str]:
    """References that lead to nothing within a Bundle, as R4 resolves them: by `fullUrl`."""
    entries = {entry["fullUrl"]: entry["resource"] for entry in bundle["entry"]}
    assert len(entries) == len(bundle["entry"])
    lost = []
    for url, resource in entries.items():
        assert ID.fullmatch(resource["id"]), resource["id"]
        assert url.endswith(f"/{resource['resourceType']}/{resource['id']}")
        base = url.removesuffix(f"{resource['resourceType']}/{resource['id']}")
        inside = {f"#{item['id']}" for item in resource.get("contained", [])}
        lost += [
            item
            for item in references(resource)
            if item not in inside and base + item not in entries
        ]
    return lost


def _empty(value: object, path: str = "") -> Iterator[str]:
    """Elements that FHIR's JSON does not have: null, and what holds nothing."""
    if value is None or value in ("", [], {}):
        yield path
    items = value.items() if isinstance(value, dict) else ()
    if isinstance(value, list):
        items = enumerate(value)
    for name, item in items:
        yield from _empty(item, f"{path}.{name}")


def _wrong_instants(value: object, path: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            if name in INSTANTS and not (isinstance(item, str) and INSTANT.fullmatch(item)):
                yield f"{path}.{name}"
            yield from _wrong_instants(item, f"{path}.{name}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _wrong_instants(item, f"{path}[{number}]")
