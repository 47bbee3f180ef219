"""What a classifier bundle says of itself: `manifest.json`, and the digest that names it."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.abnormality import Abnormality
from app.domain.errors import BundleRefused

MANIFEST_FORMAT = 1
NETWORK_FILE = "model.onnx"
FULL_PRECISION = "fp32"
PMN = "pmn"
NOVELTY = "novelty"


@dataclass(frozen=True)
class BundleManifest:
    """The checked content of `manifest.json`.

    Parameters
    ----------
    digest
        Hexadecimal SHA-256 of the manifest (itself without this field), which holds the SHA-256
        of every other file: it changes when a weight, a threshold or a coefficient changes.
    size_px
        Side of the square input.
    preprocessing
        The `PREPROCESSING_VERSION` that the network was trained with.
    thresholds
        Probability from which an abnormality is called, 0-1.
    pmn_threshold
        Probability from which a cell counts as a PMN, 0-1.
    novelty_threshold
        Novelty from which a cell is too unlike the neutrophils that the classifier has learnt to be
        counted, in the network's own unit; None where the network measures none.
    label_basis
        For each abnormality, in words, what kind of images it was learnt from.
    training_data
        Names and licences of the data sets.
    files
        File name to hexadecimal SHA-256, for every file but the manifest and the card.
    variants
        Names of the other precisions that the bundle has, and the files of their networks.
    precision
        Which of the bundle's networks this manifest stands for; see `variant_content`.
    """

    name: str
    version: str
    digest: str
    network: str
    size_px: int
    preprocessing: int
    thresholds: dict[Abnormality, float]
    pmn_threshold: float
    novelty_threshold: float | None
    label_basis: dict[Abnormality, str]
    training_data: tuple[str, ...]
    files: dict[str, str]
    variants: dict[str, str]
    precision: str

    @property
    def title(self) -> str:
        """Name and version, as shown with each result; and the precision where it is not full."""
        title = f"{self.name} {self.version}"
        return title if self.precision == FULL_PRECISION else f"{title} {self.precision}"

    @property
    def network_file(self) -> str:
        """The file of the network that this manifest stands for."""
        return self.variants.get(self.precision, NETWORK_FILE)


def manifest_digest(content: Mapping[str, Any]) -> str:
    """Digest a manifest's JSON content, without its own `digest` field."""
    rest = {key: value for key, value in content.items() if key != "digest"}
    canonical = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def variant_content(content: Mapping[str, Any], precision: str) -> dict[str, Any]:
    """Make the manifest of one of a bundle's precisions, from the bundle's own checked manifest.

    It says which precision it stands for, so it has a digest of its own: what the variants say
    of a cell differs a little, and results must show which of them spoke. Full precision keeps
    the bundle's digest.

    Raises
    ------
    BundleRefused
        If the bundle has no such variant.
    """
    if precision == FULL_PRECISION:
        return dict(content)
    found = content.get("variants", {})
    if precision not in found:
        raise BundleRefused(
            f"The bundle {content['name']} {content['version']} has no {precision} variant; it "
            f"has {', '.join([FULL_PRECISION, *sorted(found)])}. Set VEXASCOPE_PRECISION to one "
            "of these, or VEXASCOPE_BUNDLE to another bundle."
        )
    chosen = {**content, "precision": precision}
    return chosen | {"digest": manifest_digest(chosen)}


def parse_manifest(content: Mapping[str, Any]) -> BundleManifest:
    """Check a manifest's JSON content.

    Raises
    ------
    BundleRefused
        With a sentence that names the field.
    """
    if content.get("format") != MANIFEST_FORMAT:
        raise BundleRefused(
            f"manifest.json: format is {content.get('format')!r}, this version reads "
            f"{MANIFEST_FORMAT}. Export the bundle again with `vexascope train`."
        )
    labels = content.get("labels")
    expected = [label.value for label in Abnormality]
    if labels != expected:
        raise BundleRefused(f"manifest.json: labels are {labels!r}, expected {expected!r}.")
    if content.get("digest") != manifest_digest(content):
        raise BundleRefused(
            "manifest.json: the digest does not match the content; the file was changed after "
            "its export. Restore it, or export the bundle again."
        )
    try:
        return _from_content(content)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BundleRefused(f"manifest.json: {error!r} is missing or of the wrong kind.") from error


def _from_content(content: Mapping[str, Any]) -> BundleManifest:
    given = dict(content["thresholds"])
    novelty = given.pop(NOVELTY, None)
    thresholds = {name: _probability(name, value) for name, value in given.items()}
    return BundleManifest(
        name=str(content["name"]),
        version=str(content["version"]),
        digest=str(content["digest"]),
        network=str(content["network"]),
        size_px=int(content["input"]["size_px"]),
        preprocessing=int(content["input"]["preprocessing"]),
        thresholds={label: thresholds[label.value] for label in Abnormality},
        pmn_threshold=thresholds[PMN],
        novelty_threshold=None if novelty is None else _finite(novelty),
        label_basis={label: str(content["label_basis"][label.value]) for label in Abnormality},
        training_data=tuple(
            f"{source['name']} ({source['licence']})" for source in content["training_data"]
        ),
        files=dict(content["files"]),
        variants={
            str(name): str(variant["file"]) for name, variant in content.get("variants", {}).items()
        },
        precision=str(content.get("precision", FULL_PRECISION)),
    )


def _probability(name: str, value: float) -> float:
    if not 0 < float(value) < 1:
        raise BundleRefused(f"manifest.json: threshold of {name} is {value}, not between 0 and 1.")
    return float(value)


def _finite(value: float) -> float:
    if not math.isfinite(float(value)):
        raise BundleRefused(f"manifest.json: threshold of {NOVELTY} is {value}, not a number.")
    return float(value)
