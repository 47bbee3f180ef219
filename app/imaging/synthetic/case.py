"""Synthetic cases: a stream of cells in the proportions of a profile."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from types import MappingProxyType

import numpy as np

from app.domain.abnormality import Abnormality
from app.imaging.synthetic.spec import CellKind, SyntheticCell
from app.imaging.synthetic.stain import MAY_GRUENWALD_GIEMSA, StainLook

LYMPHOCYTE_SHARE = 0.05
"""Of all cells of a case."""
BLURRED_SHARE = 0.03
"""Of all cells of a case."""
_BLUR_PX = (2.5, 4.0)
_LOWEST_SEVERITY = 0.55


@dataclass(frozen=True)
class ProfileShares:
    """The share of the PMN that show each abnormality, drawn independently of each other.

    The numbers are invented to make clear demonstrations; no cohort stands behind them.
    """

    of_pmn: Mapping[Abnormality, float]


class CaseProfile(Enum):
    """What kind of patient a synthetic case imitates."""

    VEXAS_LIKE = ProfileShares(
        MappingProxyType(
            {
                Abnormality.PSEUDO_PELGER: 0.25,
                Abnormality.NUCLEAR_SPIKE: 0.30,
                Abnormality.VACUOLE: 0.25,
                Abnormality.HYPOGRANULARITY: 0.35,
            }
        )
    )
    CONTROL = ProfileShares(
        MappingProxyType(
            {
                Abnormality.PSEUDO_PELGER: 0.02,
                Abnormality.NUCLEAR_SPIKE: 0.04,
                Abnormality.VACUOLE: 0.02,
                Abnormality.HYPOGRANULARITY: 0.03,
            }
        )
    )

    @property
    def shares(self) -> Mapping[Abnormality, float]:
        """The share of the PMN that show each abnormality."""
        return self.value.of_pmn


def random_case(
    profile: CaseProfile,
    count: int,
    seed: int,
    stain: StainLook = MAY_GRUENWALD_GIEMSA,
) -> Iterator[SyntheticCell]:
    """Draw the cells of one case; equal arguments give equal cells.

    About one cell in twenty is a lymphocyte and three in a hundred are out of focus.
    """
    rng = np.random.default_rng(seed)
    for _ in range(count):
        cell = SyntheticCell(seed=int(rng.integers(2**53)), stain=stain)
        blurred, lymphocyte = rng.random(2) < (BLURRED_SHARE, LYMPHOCYTE_SHARE)
        shown = frozenset(name for name, share in profile.shares.items() if rng.random() < share)
        severity, blur = rng.uniform(_LOWEST_SEVERITY, 1), rng.uniform(*_BLUR_PX)
        if blurred:
            cell = replace(cell, blur=float(blur))
        if lymphocyte:
            yield replace(cell, kind=CellKind.LYMPHOCYTE)
        else:
            yield replace(cell, abnormalities=shown, severity=float(severity))
