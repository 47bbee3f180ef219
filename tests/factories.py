"""Made-up values for tests, each with only what the test cares about named."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from app.domain.abnormality import Abnormality
from app.domain.bundle import BundleManifest, manifest_digest, parse_manifest
from app.domain.case import Case, CaseOrigin, ClinicalContext, Patient
from app.domain.cell import Box, Cell, Framing, Location, Quality, QualityFlag
from app.domain.classifier_error import ClassifierError
from app.domain.finding import CellFindings, ReadCell, Tally, read_cell, tally
from app.domain.reference import REFERENCE_LEVELS, ReferenceGroup, parse_reference
from app.domain.screening import Basis, ScreeningRule

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def manifest_content(**changes: object) -> dict[str, object]:
    """A valid `manifest.json`; changes are sealed under a right digest."""
    content: dict[str, object] = {
        "format": 1,
        "name": "test",
        "version": "0.0.1",
        "network": "none",
        "input": {"size_px": 32, "preprocessing": 1},
        "labels": [label.value for label in Abnormality],
        "thresholds": {"pmn": 0.5, **{label.value: 0.5 for label in Abnormality}},
        "label_basis": {label.value: "nothing: a test" for label in Abnormality},
        "training_data": [{"name": "none", "licence": "CC0"}],
        "files": {},
        **changes,
    }
    return {**content, "digest": manifest_digest(content)}


def novelty_manifest(threshold: float) -> dict[str, object]:
    """What to change for a manifest that has a threshold of novelty."""
    thresholds = {"pmn": 0.5, **{label.value: 0.5 for label in Abnormality}}
    return {"thresholds": {**thresholds, "novelty": threshold}}


def make_manifest(**changes: object) -> BundleManifest:
    """A manifest with every threshold at 0.5."""
    return parse_manifest(manifest_content(**changes))


def rule_content(**changes: object) -> dict[str, object]:
    """A valid `screening.json`."""
    return {
        "format": 1,
        "name": "test-rule",
        "basis": "simulated",
        "intercept": -3.0,
        "coefficients": {label.value: 10.0 for label in Abnormality},
        "reference_proportions": {label.value: 0.02 for label in Abnormality},
        "cut_off": 0.5,
        "minimum_cells": 50,
        "advised_cells": 100,
        "cohort": {"description": "nobody"},
        **changes,
    }


def distributions_content() -> dict[str, object]:
    """The `cohort` of a `screening.json` with the distributions of two groups, all labels alike."""
    shapes = {
        "controls": (39, False, [0.0, 0.01, 0.01, 0.02, 0.04, 0.06, 0.1, 0.12, 0.2]),
        "VEXAS": (25, True, [0.02, 0.05, 0.06, 0.1, 0.15, 0.25, 0.35, 0.4, 0.6]),
    }
    groups = [
        {
            "name": name,
            "patients": patients,
            "positive": positive,
            "quantiles": {label.value: values for label in Abnormality},
        }
        for name, (patients, positive, values) in shapes.items()
    ]
    levels = list(REFERENCE_LEVELS)
    return {
        "description": "nobody",
        "distributions": {"levels_percent": levels, "groups": groups},
    }


def corrected_rule_content(**changes: object) -> dict[str, object]:
    """A valid `screening.json` with a correction."""
    error = {"sensitivity": 0.9, "specificity": 0.95, "basis": "drawn cells"}
    return rule_content(
        **{
            "format": 2,
            "correction": {label.value: error for label in Abnormality},
            "apparent_reference_proportions": {label.value: 0.067 for label in Abnormality},
            **changes,
        }
    )


def make_correction(
    sensitivity: float = 0.9, specificity: float = 0.95
) -> dict[Abnormality, ClassifierError]:
    """The same error for each abnormality."""
    return dict.fromkeys(Abnormality, ClassifierError(sensitivity, specificity, "drawn cells"))


def make_rule(**changes: object) -> ScreeningRule:
    """A rule in which each per cent of each abnormality adds 0.1 to the log-odds."""
    values: dict[str, object] = {
        "name": "test-rule",
        "basis": Basis.SIMULATED,
        "intercept": -3.0,
        "coefficients": dict.fromkeys(Abnormality, 10.0),
        "reference_proportions": dict.fromkeys(Abnormality, 0.02),
        "cut_off": 0.5,
        "minimum_cells": 50,
        "advised_cells": 100,
        "cohort_description": "nobody",
        **changes,
    }
    values.setdefault("apparent_reference_proportions", values["reference_proportions"])
    return ScreeningRule(**values)


def make_reference() -> tuple[ReferenceGroup, ...]:
    """VEXAS and controls, all labels alike."""
    return parse_reference(distributions_content())


def make_cell(
    *, case_id: UUID | None = None, ordinal: int = 1, flags: Iterable[QualityFlag] = ()
) -> Cell:
    """A cell of good quality, unless flags say otherwise."""
    return Cell(
        id=uuid7(),
        case_id=case_id or uuid7(),
        upload_id=uuid7(),
        ordinal=ordinal,
        file_name=f"cell-{ordinal}.png",
        content_sha256=f"{ordinal:064x}",
        pixel_sha256=f"{ordinal:064x}",
        width_px=150,
        height_px=140,
        location=Location(Framing.TIGHT, Box(0, 0, 150, 140)),
        quality=Quality(tuple(flags), {"sharpness": 12.5}),
    )


def make_findings(
    cell: Cell,
    shown: Iterable[Abnormality] = (),
    *,
    pmn: float = 0.99,
    novelty: float | None = None,
    digest: str = "d" * 64,
) -> CellFindings:
    """Findings that are sure of what the cell shows."""
    shown = set(shown)
    probabilities = {label: 0.9 if label in shown else 0.1 for label in Abnormality}
    return CellFindings(cell.id, digest, pmn, probabilities, novelty)


def make_read(shown: Iterable[Abnormality] = (), *, pmn: float = 0.99) -> ReadCell:
    """A counted PMN (unless `pmn` is low) that shows these abnormalities."""
    cell = make_cell()
    return read_cell(cell, make_findings(cell, shown, pmn=pmn), make_manifest())


def make_tally(pmn_count: int, **counts: int) -> Tally:
    """So many PMN; each abnormality on the first so many of them."""
    return tally(
        make_read(label for label in Abnormality if index < counts.get(label.value, 0))
        for index in range(pmn_count)
    )


def make_case(**changes: object) -> Case:
    """A case of the laboratory."""
    values: dict[str, object] = {
        "id": uuid7(),
        "patient": Patient(uuid7(), "P-1"),
        "accession_number": "A-1",
        "context": ClinicalContext(),
        "origin": CaseOrigin.LABORATORY,
        "created_at": NOW,
        **changes,
    }
    return Case(**values)


def as_text(content: object) -> str:
    """JSON text."""
    return json.dumps(content)
