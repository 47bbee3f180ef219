"""What is usual among healthy neutrophils: 5th, 50th and 95th percentile of each measure.

Written by `python -m tests.imaging.measure_morphometry DATA_DIR --write`; the units are those of
`app.imaging.morphometry.Morphometry`. One laboratory, one stain, one camera: elsewhere another
range may be usual, above all for stain and granules.
"""

from app.domain.message import message

SOURCE = message(
    "healthy donors, May-Gruenwald Giemsa, CellaVision DM96, Barcelona: "
    "PBC dataset normal DIB (Acevedo et al. 2020, CC BY 4.0), train split"
)
CELL_COUNT = 200
RANGES: dict[str, tuple[float, float, float]] = {
    "cell_diameter_px": (125, 144.5, 164.5),
    "nucleus_share": (0.2992, 0.3594, 0.455),
    "nucleus_to_cytoplasm": (0.427, 0.5611, 0.8348),
    "lobe_count": (1, 1, 2),
    "narrowest_neck": (0.1059, 0.5385, 0.9352),
    "solidity": (0.6897, 0.8149, 0.9131),
    "circularity": (0.2491, 0.417, 0.6804),
    "longest_protrusion": (0.006365, 0.009217, 0.04947),
    "protrusion_count": (0, 0, 2),
    "chromatin_density": (0.4264, 0.5023, 0.5611),
    "chromatin_contrast": (0.1657, 0.2201, 0.2834),
    "cytoplasm_density": (0.06341, 0.1012, 0.1487),
    "eosin_tint": (0.1695, 0.2226, 0.2677),
    "granule_contrast": (0.007313, 0.01414, 0.02973),
    "granules_per_area": (1.041, 2.486, 3.965),
    "hole_count": (0, 0, 3.05),
    "largest_hole": (0, 0, 0.05097),
}
