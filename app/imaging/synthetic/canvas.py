"""Where things lie: cell units, pixels, and the finer raster that shapes are drawn on.

Shapes are described in cell units: the mean radius of the leukocyte is 1, its centre (0, 0).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
"""(height, width)."""
Raster = NDArray[np.uint8]
"""(height, width) of the finer raster; 255 where a shape is."""
Points = NDArray[np.float64]
"""(count, 2): x, y in cell units."""

HALF = 0.5
"""The coverage from which a pixel counts as part of a shape."""
FINENESS = 3
"""Pixels of the finer raster per pixel; averaging them gives smooth edges."""
_SUBPIXEL_BITS = 4


@dataclass(frozen=True)
class Canvas:
    """A window on the smear.

    Parameters
    ----------
    origin_px
        x, y of the leukocyte's centre; may lie between pixels.
    unit_px
        Pixels per cell unit.
    """

    width_px: int
    height_px: int
    origin_px: tuple[float, float]
    unit_px: float

    def scaled(self, scale: float, longest_px: int) -> "Canvas":
        """The same window magnified; `longest_px` fixes its longer side against rounding."""
        width, height = round(self.width_px * scale), round(self.height_px * scale)
        x, y = self.origin_px
        return Canvas(
            min(width, longest_px),
            min(height, longest_px),
            (x * scale, y * scale),
            self.unit_px * scale,
        )

    def grid(self) -> tuple[Plane, Plane]:
        """Return x (1, width) and y (height, 1) of the pixel centres, in cell units."""
        x = (np.arange(self.width_px, dtype=np.float32) - self.origin_px[0]) / self.unit_px
        y = (np.arange(self.height_px, dtype=np.float32) - self.origin_px[1]) / self.unit_px
        return x[None, :].astype(np.float32), y[:, None].astype(np.float32)

    def raster(self) -> Raster:
        """An empty fine raster."""
        return np.zeros((self.height_px * FINENESS, self.width_px * FINENESS), np.uint8)

    def fill(self, raster: Raster, outline: Points, value: int = 255) -> None:
        """Fill a polygon."""
        cv2.fillPoly(raster, [self._fine(outline)], value, cv2.LINE_8, _SUBPIXEL_BITS)

    def stroke(self, raster: Raster, line: Points, width: float) -> None:
        """Draw a line of a width in cell units."""
        thickness = max(1, round(width * self.unit_px * FINENESS))
        where = [self._fine(line)]
        cv2.polylines(
            raster,
            where,
            isClosed=False,
            color=255,
            thickness=thickness,
            lineType=cv2.LINE_8,
            shift=_SUBPIXEL_BITS,
        )

    def discs(self, raster: Raster, centres: Points, radii: Points, values: Points) -> None:
        """Draw discs; radii (count,) in cell units, values (count,) 0-255."""
        sizes = np.rint(radii * self.unit_px * FINENESS * 2**_SUBPIXEL_BITS).astype(int)
        shades = values.astype(int)
        for centre, size, shade in zip(
            self._fine(centres).tolist(), sizes.tolist(), shades.tolist(), strict=True
        ):
            cv2.circle(raster, centre, size, shade, -1, cv2.LINE_8, _SUBPIXEL_BITS)

    def coverage(self, raster: Raster) -> Plane:
        """The share 0-1 of each pixel that the fine raster covers."""
        small = cv2.resize(
            raster, (self.width_px, self.height_px), interpolation=cv2.INTER_AREA
        ).astype(np.float32)
        return np.asarray(small / np.float32(255), np.float32)

    def soft(self, coverage: Plane, width: float) -> Plane:
        """A coverage whose edge fades over about `width` cell units: tissue is not cut paper."""
        return np.asarray(cv2.GaussianBlur(coverage, (0, 0), width * self.unit_px), np.float32)

    def at(self, plane: Plane, point: NDArray[np.float64]) -> float:
        """The value of a plane at one point (2,) in cell units; 0 outside the window."""
        x, y = np.rint(point * self.unit_px + np.asarray(self.origin_px)).astype(int).tolist()
        inside = 0 <= x < self.width_px and 0 <= y < self.height_px
        return float(plane[y, x]) if inside else 0.0

    def enlarge(self, plane: Plane) -> Plane:
        """A smooth plane on the fine raster."""
        size = (self.width_px * FINENESS, self.height_px * FINENESS)
        return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR), np.float32)

    def units(self, fine_points: Points) -> Points:
        """Cell units of (count, 2) positions on the fine raster."""
        pixels = (fine_points + 0.5) / FINENESS - 0.5
        return np.asarray((pixels - np.asarray(self.origin_px)) / self.unit_px, np.float64)

    def _fine(self, points: Points) -> NDArray[np.int32]:
        pixels = points * self.unit_px + np.asarray(self.origin_px)
        fine = (pixels + 0.5) * FINENESS - 0.5
        return np.asarray(np.rint(fine * 2**_SUBPIXEL_BITS), np.int32)
