"""How a stain colours a smear: the look of every structure, and its optical density."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Colour = tuple[float, float, float]
"""Red, green, blue, 0-255."""


@dataclass(frozen=True)
class StainLook:
    """The colours of one stain under one camera, as a full layer of each structure shows them.

    Parameters
    ----------
    background
        Empty glass.
    nucleus
        Dense chromatin.
    cytoplasm
        Of a normal neutrophil, between its granules.
    clear_cytoplasm
        Of a neutrophil that has lost its granules.
    basophilic_cytoplasm
        Of a lymphocyte.
    granule
        One specific granule lying in the cytoplasm.
    red_cell
        The thick part of a red cell.
    """

    background: Colour
    nucleus: Colour
    cytoplasm: Colour
    clear_cytoplasm: Colour
    basophilic_cytoplasm: Colour
    granule: Colour
    red_cell: Colour

    def density(self, colour: Colour) -> NDArray[np.float32]:
        """Optical density (3,) of a layer that shows `colour` on the background's light.

        Densities of layers that lie over each other add up (Beer-Lambert), so overlapping red
        cells and granules over cytoplasm darken as they do on glass.
        """
        light = np.asarray(self.background, np.float32)
        return np.log(light / np.asarray(colour, np.float32)).astype(np.float32)


# Means of May-Gruenwald Giemsa crops of an automated analyser, measured over 300 neutrophils.
MAY_GRUENWALD_GIEMSA = StainLook(
    background=(251, 224, 200),
    nucleus=(64, 24, 124),
    cytoplasm=(211, 170, 179),
    clear_cytoplasm=(220, 203, 197),
    basophilic_cytoplasm=(142, 134, 172),
    granule=(140, 74, 138),
    red_cell=(202, 163, 166),
)
WRIGHT_MAGENTA = StainLook(
    background=(222, 184, 168),
    nucleus=(84, 10, 78),
    cytoplasm=(196, 138, 146),
    clear_cytoplasm=(205, 168, 164),
    basophilic_cytoplasm=(140, 104, 148),
    granule=(128, 56, 98),
    red_cell=(158, 112, 122),
)
GIEMSA_BLUE = StainLook(
    background=(226, 214, 206),
    nucleus=(52, 20, 108),
    cytoplasm=(198, 176, 190),
    clear_cytoplasm=(206, 196, 200),
    basophilic_cytoplasm=(124, 128, 172),
    granule=(104, 70, 124),
    red_cell=(150, 134, 164),
)
