"""A classifier bundle as a FHIR R4 Device: what made a result, to the last weight."""

from app.domain.bundle import FULL_PRECISION, BundleManifest
from app.domain.report import RESEARCH_USE_NOTICE
from app.domain.screening import ScreeningRule
from app.interchange.codes import BUNDLE_DIGESTS, Local, local
from app.interchange.fhir_types import (
    Element,
    concept,
    identifier,
    meta,
    narrative,
    notes,
    resource,
)


def device(manifest: BundleManifest, rule: ScreeningRule) -> Element:
    """The bundle; its id is its digest, which changes with any weight, threshold or coefficient."""
    versions = [("Bundle", manifest.version), ("Screening rule", rule.name)]
    versions.append(("SHA-256 of the bundle", manifest.digest))
    if manifest.precision != FULL_PRECISION:
        versions.append(("Precision", manifest.precision))
    return resource(
        "Device",
        manifest.digest,
        meta(),
        text=narrative(f"Image classifier {manifest.title}", [f"SHA-256 {manifest.digest}"]),
        identifier=[identifier(BUNDLE_DIGESTS, manifest.digest)],
        status="active",
        deviceName=[{"name": manifest.name, "type": "model-name"}],
        type=concept(local(Local.CLASSIFIER), text="Image classifier with a screening rule"),
        version=[{"type": concept(text=kind), "value": value} for kind, value in versions],
        note=notes(
            str(RESEARCH_USE_NOTICE),
            f"Trained on: {'; '.join(manifest.training_data)}.",
            f"Screening rule {rule.name}, fitted on {rule.basis.value}: {rule.cohort_description}",
            rule.basis.notice,
        ),
    )
