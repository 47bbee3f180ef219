"""What is usual among healthy neutrophils: 5th, 50th and 95th percentile of each measure.

Written by `python -m tests.imaging.measure_morphometry DATA_DIR --write`; the units are those of
`app.imaging.morphometry.Morphometry`. One laboratory, one stain, one camera: elsewhere another
range may be usual, above all for stain and granules.
"""

SOURCE = (
    "healthy donors, May-Gruenwald Giemsa, CellaVision DM96, Barcelona: "
    "PBC dataset normal DIB (Acevedo et al. 2020, CC BY 4.0), train split"
)
CELL_COUNT = 0
RANGES: dict[str, tuple[float, float, float]] = {}
