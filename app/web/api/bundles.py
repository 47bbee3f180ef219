"""REST: classifier bundles that run here, or ever did."""

from typing import Annotated, Self

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from app.domain.abnormality import Abnormality
from app.domain.screening import Basis
from app.ports import Bundle
from app.web.api.problems import problems
from app.web.api.schemas import BundleRead, Probability
from app.web.dependencies import ContainerDep

router = APIRouter(tags=["bundles"])


class BundleDetail(BundleRead):
    """A bundle with the thresholds and the rule that findings and scores come from."""

    active: bool = Field(description="Whether it reads new cells.")
    precision: str = Field(description="Of the network that runs, `fp32` for example.")
    pmn_threshold: Probability = Field(description="From which a cell counts as a PMN.")
    thresholds: dict[Abnormality, Probability] = Field(
        description="From which an abnormality is called."
    )
    novelty_threshold: float | None = Field(
        description="Novelty from which a cell is not counted; null where none is measured."
    )
    training_data: list[str] = Field(description="Data sets that it has learnt from.")
    rule: str = Field(description="Name of its screening rule.")
    rule_basis: Basis = Field(description="On whom the rule was fitted.")
    cut_off: Probability = Field(description="Score from which UBA1 testing is recommended.")
    minimum_cells: int = Field(description="PMN below which there is no score.")

    @classmethod
    def detail(cls, bundle: Bundle, active: Bundle) -> Self:
        """From the domain."""
        manifest, rule = bundle.manifest, bundle.rule
        return cls(
            name=manifest.name,
            version=manifest.version,
            digest=manifest.digest,
            active=manifest.digest == active.manifest.digest,
            precision=manifest.precision,
            pmn_threshold=manifest.pmn_threshold,
            thresholds=manifest.thresholds,
            novelty_threshold=manifest.novelty_threshold,
            training_data=list(manifest.training_data),
            rule=rule.name,
            rule_basis=rule.basis,
            cut_off=rule.cut_off,
            minimum_cells=rule.minimum_cells,
        )


class BundleList(BaseModel):
    """Bundles, the one that was seen here last first."""

    items: list[BundleDetail] = Field(description="Each as it ran.")


@router.get("/bundles", responses=problems(), summary="Bundles")
def list_bundles(container: ContainerDep) -> BundleList:
    """Every bundle that ever ran here: old reports name it by its digest."""
    active = container.bundle
    with container.transactions() as transaction:
        digests = transaction.bundles.digests()
        found = [transaction.bundles.get(digest) for digest in digests]
    return BundleList(items=[BundleDetail.detail(bundle, active) for bundle in found])


@router.get("/bundles/{digest}", responses=problems(404, 422), summary="One bundle")
def read_bundle_by_digest(
    digest: Annotated[str, Path(min_length=1, max_length=64, description="Its SHA-256.")],
    container: ContainerDep,
) -> BundleDetail:
    """One bundle by its digest."""
    with container.transactions() as transaction:
        return BundleDetail.detail(transaction.bundles.get(digest), container.bundle)
