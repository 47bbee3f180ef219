"""Abnormalities drawn onto real neutrophils, and decoys that share all but the abnormality.

The public images of single cells carry no label for three of the four abnormalities, so the
classifier learns those from edits. A decoy passes through the same painting without the
abnormality: what the network learns must not be the trace of an edit. All colours and textures
come from the edited cell. Everything is decided by the random generator that is passed in.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.abnormality import Abnormality
from app.training.granules import paint_hypogranularity
from app.training.nuclei import redraw_nucleus
from app.training.painting import Canvas, Colour, Draw, happens, to_pixels
from app.training.spikes import paint_spikes
from app.training.vacuoles import paint_vacuoles

RGB = NDArray[np.uint8]
_BREADTH = 1 / 3


@dataclass(frozen=True)
class Edit:
    """One thing to draw: an abnormality, or (`decoy`) the same painting without it.

    Parameters
    ----------
    breadth
        Probability that sizes, counts, colours and edges come from the wide ranges.
    """

    abnormality: Abnormality
    decoy: bool = False
    breadth: float = _BREADTH


def draw(rgb: RGB, edit: Edit, rng: np.random.Generator) -> RGB | None:
    """Draw one edit onto a tight crop of a neutrophil.

    Parameters
    ----------
    rgb
        (height, width, 3), 0-255, RGB order; not changed.

    Returns
    -------
    The edited crop, of the same shape; None where the cell leaves no room for it or could not
    be segmented.
    """
    canvas = Canvas.of(rgb)
    if not canvas.masks.usable or canvas.clean_cytoplasm.sum() < 0.08 * canvas.masks.cell.sum():
        return None
    how = Draw(rng, edit.decoy, wide=happens(rng, edit.breadth))
    colour = _PAINTERS[edit.abnormality](canvas, how)
    return None if colour is None else to_pixels(colour)


def draw_all(
    rgb: RGB, edits: tuple[Edit, ...], rng: np.random.Generator
) -> tuple[RGB, tuple[Edit, ...]]:
    """Draw several edits, nucleus first, vacuoles last; return also those that found room."""
    done = []
    for edit in sorted(edits, key=lambda e: _ORDER.index(e.abnormality)):
        drawn = draw(rgb, edit, rng)
        if drawn is not None:
            rgb = drawn
            done.append(edit)
    return rgb, tuple(done)


_PAINTERS: dict[Abnormality, Callable[[Canvas, Draw], Colour | None]] = {
    Abnormality.PSEUDO_PELGER: redraw_nucleus,
    Abnormality.NUCLEAR_SPIKE: paint_spikes,
    Abnormality.VACUOLE: paint_vacuoles,
    Abnormality.HYPOGRANULARITY: paint_hypogranularity,
}
_ORDER = (
    Abnormality.PSEUDO_PELGER,
    Abnormality.HYPOGRANULARITY,
    Abnormality.NUCLEAR_SPIKE,
    Abnormality.VACUOLE,
)
