"""The abnormalities of polymorphonuclear neutrophils (PMN) that the screening reads."""

from enum import StrEnum

from app.domain.message import message


class Abnormality(StrEnum):
    """The four features of De Almeida Braga et al. 2025 (doi 10.1111/ijlh.14368).

    The order is the order of a bundle's outputs.
    """

    PSEUDO_PELGER = "pseudo_pelger"
    NUCLEAR_SPIKE = "nuclear_spike"
    VACUOLE = "vacuole"
    HYPOGRANULARITY = "hypogranularity"

    @property
    def wording(self) -> str:
        """The name as a haematologist writes it."""
        return _TITLES[self]


_TITLES = {
    Abnormality.PSEUDO_PELGER: message("Pseudo-Pelger nucleus"),
    Abnormality.NUCLEAR_SPIKE: message("Nuclear spikes"),
    Abnormality.VACUOLE: message("Vacuoles"),
    Abnormality.HYPOGRANULARITY: message("Hypogranularity"),
}
