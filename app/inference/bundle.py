"""A bundle on disk: network, `manifest.json`, `screening.json`, checked before use."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.domain.bundle import NETWORK_FILE, parse_manifest, variant_content
from app.domain.errors import BundleRefused
from app.domain.screening import parse_rule
from app.imaging.preprocess import PREPROCESSING_VERSION
from app.ports import Bundle
from app.settings import Precision

MANIFEST, RULE = "manifest.json", "screening.json"


@dataclass(frozen=True)
class BundleFiles:
    """A checked bundle, the file of the network that runs, and the texts that stay in its reports.

    The manifest's text is that of the precision that runs.
    """

    bundle: Bundle
    network: Path
    texts: Mapping[str, str]


def load_bundle(folder: Path, precision: Precision = Precision.FP32) -> BundleFiles:
    """Read and check a bundle, as far as one of its precisions needs it.

    Raises
    ------
    BundleRefused
        With a sentence that says what does not fit.
    """
    texts = {name: _text(folder / name) for name in (MANIFEST, RULE)}
    content = _json(MANIFEST, texts[MANIFEST])
    parse_manifest(content)
    if precision is not Precision.FP32:
        content = variant_content(content, precision)
        texts[MANIFEST] = json.dumps(content, ensure_ascii=False)
    manifest = parse_manifest(content)
    if manifest.preprocessing != PREPROCESSING_VERSION:
        raise BundleRefused(
            f"The bundle was trained with preprocessing {manifest.preprocessing}, this version "
            f"has {PREPROCESSING_VERSION}. Train it again, or use the version it was made for."
        )
    for name in (manifest.network_file, RULE):
        _check_digest(folder / name, manifest.files.get(name))
    rule = parse_rule(_json(RULE, texts[RULE]))
    return BundleFiles(Bundle(manifest, rule), folder / manifest.network_file, texts)


def check_network(files: BundleFiles) -> None:
    """Raise `BundleRefused` unless the network's file is still the one that was checked.

    Somebody may have put another bundle into its folder: it would read under the wrong digest.
    """
    manifest = files.bundle.manifest
    _check_digest(files.network, manifest.files.get(manifest.network_file))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BundleRefused(
            f"The bundle has no readable {path.name}. Set VEXASCOPE_BUNDLE to a folder that holds "
            f"{NETWORK_FILE}, {MANIFEST} and {RULE}."
        ) from error


def _json(name: str, text: str) -> Mapping[str, Any]:
    try:
        content = json.loads(text)
    except ValueError as error:
        raise BundleRefused(f"{name} is not valid JSON: {error}.") from error
    if not isinstance(content, dict):
        raise BundleRefused(f"{name} must hold one JSON object.")
    return content


def _check_digest(path: Path, expected: str | None) -> None:
    if not path.is_file():
        raise BundleRefused(f"The bundle has no {path.name}.")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != expected:
        raise BundleRefused(
            f"{path.name} is not the file that the manifest names: its SHA-256 is {found}, not "
            f"{expected}. Restore it, or export the bundle again."
        )
