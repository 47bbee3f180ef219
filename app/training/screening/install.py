"""A copy of a bundle with another screening rule."""

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.domain.bundle import manifest_digest
from app.domain.errors import InvalidInput
from app.domain.screening import parse_rule

MANIFEST, RULE, CARD = "manifest.json", "screening.json", "CARD.md"


def classifier_facts(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What a fitted rule remembers of the classifier that called its cells."""
    return {
        "bundle": f"{manifest['name']} {manifest['version']}",
        "digest": manifest["digest"],
        "network_sha256": manifest["files"]["model.onnx"],
        "thresholds": manifest["thresholds"],
    }


def install_rule(rule_path: Path, bundle: Path, target: Path, *, any_classifier: bool) -> None:
    """Copy a checked bundle, with a new rule, version and digest; nothing is left on failure.

    Raises
    ------
    InvalidInput
        If the target is there already, or the rule was fitted with another classifier.
    BundleRefused
        If the rule cannot be read.
    """
    if target.exists():
        raise InvalidInput(f"{target} is there already. Name a folder that is not.")
    text, content = read_rule(rule_path)
    rule = parse_rule(content)
    manifest = json.loads((bundle / MANIFEST).read_text(encoding="utf-8"))
    if not any_classifier:
        _check_classifier(content, manifest)
    renewed = renewed_manifest(manifest, rule.name, hashlib.sha256(text).hexdigest())
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".installing-") as folder:
        copy = Path(folder) / target.name
        shutil.copytree(bundle, copy)
        (copy / RULE).write_bytes(text)
        _write_json(copy / MANIFEST, renewed)
        _amend_card(copy / CARD, manifest, renewed, content)
        copy.rename(target)


def read_rule(path: Path) -> tuple[bytes, dict[str, Any]]:
    """The bytes of a `screening.json`, and its content, which is yet to be checked.

    Raises
    ------
    InvalidInput
        If it cannot be read.
    """
    try:
        text = path.read_bytes()
        content = json.loads(text)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise InvalidInput(f"{path.name} is not valid JSON: {error}.") from error
    if not isinstance(content, dict):
        raise InvalidInput(f"{path.name} must hold one JSON object.")
    return text, content


def _check_classifier(content: Mapping[str, Any], manifest: Mapping[str, Any]) -> None:
    """Another network or other thresholds call other cells: the weights would not fit."""
    fit = content.get("fit")
    fitted = fit.get("classifier") if isinstance(fit, dict) else None
    if not isinstance(fitted, dict):
        raise InvalidInput(
            "The rule does not say with which classifier its cells were called (`score fit "
            "--bundle` writes it down). If it was this bundle's, say --any-classifier."
        )
    facts = classifier_facts(manifest)
    differing = [
        name for name in ("network_sha256", "thresholds") if fitted.get(name) != facts[name]
    ]
    if differing:
        raise InvalidInput(
            f"The rule was fitted on cells called by {fitted.get('bundle')}, whose "
            f"{' and '.join(differing)} differ from those of {facts['bundle']}. Call the cohort's "
            "cells with this bundle and fit again, or say --any-classifier if you know better."
        )


def renewed_manifest(
    manifest: Mapping[str, Any], rule_name: str, rule_sha256: str
) -> dict[str, Any]:
    """The manifest with the new rule's digest, a version of its own, and where it comes from."""
    plain = str(manifest["version"]).partition("+")[0]
    # Build metadata, as semantic versioning writes it: the classifier is the same.
    suffix = re.sub(r"[^0-9A-Za-z]+", "-", rule_name).strip("-") or "rule"
    renewed = {
        **manifest,
        "version": f"{plain}+{suffix}",
        "files": {**manifest["files"], RULE: rule_sha256},
        "derived_from": {"version": manifest["version"], "digest": manifest["digest"]},
    }
    return {**renewed, "digest": manifest_digest(renewed)}


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _amend_card(
    path: Path, old: Mapping[str, Any], new: Mapping[str, Any], rule: Mapping[str, Any]
) -> None:
    """Say on top of the card that its part on the screening rule is about another rule."""
    card = path.read_text(encoding="utf-8") if path.is_file() else ""
    note = (
        f"# {new['name']} {new['version']}\n\n"
        f"**The screening rule was replaced.** This is {old['name']} {old['version']} (digest "
        f"`{old['digest']}`) with the rule `{rule['name']}`, basis: {rule['basis']}. "
        f"{rule['cohort']['description']} Its figures are in `{RULE}`. Digest: "
        f"`{new['digest']}`. The card of {old['version']} follows; what it says of its screening "
        "rule and of its digest does not hold here.\n\n---\n\n"
    )
    path.write_text(note + card, encoding="utf-8")
