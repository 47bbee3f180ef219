"""What to draw: the description of one synthetic cell."""

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from app.domain.abnormality import Abnormality
from app.imaging.synthetic.stain import MAY_GRUENWALD_GIEMSA, StainLook

MOST_LOBES = 6
MOST_LOBES_OF_PELGER = 2


class CellKind(StrEnum):
    """The leukocytes that can be drawn."""

    PMN = "pmn"
    LYMPHOCYTE = "lymphocyte"


class Part(StrEnum):
    """The parts of a picture, each drawn from its own stream of random numbers.

    Two cells of one seed that differ in one abnormality therefore share all that the
    abnormality does not touch.
    """

    OUTLINE = "outline"
    SIZE = "size"
    SLACK = "slack"
    NUCLEUS = "nucleus"
    SPIKES = "spikes"
    CHROMATIN = "chromatin"
    CYTOPLASM = "cytoplasm"
    TINT = "tint"
    GRANULES = "granules"
    DUST = "dust"
    VACUOLES = "vacuoles"
    SURROUNDINGS = "surroundings"
    PLATELETS = "platelets"
    OPTICS = "optics"


@dataclass(frozen=True)
class SyntheticCell:
    """One cell to draw; equal descriptions give equal pixels.

    Parameters
    ----------
    abnormalities
        What the picture shows; only a PMN has any.
    seed
        Not negative.
    severity
        Above 0 up to 1: how many and how marked the signs of each abnormality are.
    lobes
        1 (a band) to 6; drawn by the frequencies of normal blood if None. A pseudo-Pelger
        nucleus has 1 or 2.
    blur
        Standard deviation of additional defocus, in pixels of a crop of natural size.
    """

    abnormalities: frozenset[Abnormality] = field(default_factory=frozenset)
    seed: int = 0
    severity: float = 1.0
    lobes: int | None = None
    stain: StainLook = MAY_GRUENWALD_GIEMSA
    kind: CellKind = CellKind.PMN
    blur: float = 0.0

    def __post_init__(self) -> None:
        if self.seed < 0 or self.blur < 0:
            raise ValueError("seed and blur must not be negative")
        if not 0 < self.severity <= 1:
            raise ValueError("severity must be above 0 and at most 1")
        if self.kind is not CellKind.PMN and (self.abnormalities or self.lobes):
            raise ValueError("only a PMN has abnormalities and lobes")
        if self.lobes is not None and not 1 <= self.lobes <= self._most_lobes():
            raise ValueError(f"a nucleus of this kind has 1 to {self._most_lobes()} lobes")

    def _most_lobes(self) -> int:
        return MOST_LOBES_OF_PELGER if self.shows(Abnormality.PSEUDO_PELGER) else MOST_LOBES

    def shows(self, abnormality: Abnormality) -> bool:
        """Whether the picture shows this abnormality."""
        return abnormality in self.abnormalities

    def stream(self, part: Part) -> np.random.Generator:
        """The random numbers of one part."""
        return np.random.default_rng([self.seed, list(Part).index(part)])
