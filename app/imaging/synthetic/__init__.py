"""Synthetic neutrophil images for demonstrations, load tests and tests.

They are drawings: nothing measured on them says anything about the accuracy of a classifier.
"""

from app.imaging.synthetic.case import CaseProfile, random_case
from app.imaging.synthetic.render import render_cell, render_frame
from app.imaging.synthetic.spec import CellKind, SyntheticCell
from app.imaging.synthetic.stain import GIEMSA_BLUE, MAY_GRUENWALD_GIEMSA, WRIGHT_MAGENTA, StainLook

__all__ = [
    "GIEMSA_BLUE",
    "MAY_GRUENWALD_GIEMSA",
    "WRIGHT_MAGENTA",
    "CaseProfile",
    "CellKind",
    "StainLook",
    "SyntheticCell",
    "random_case",
    "render_cell",
    "render_frame",
]
