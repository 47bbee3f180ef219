"""The course of a nucleus: a spine whose width swells at the lobes and narrows between them."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from app.imaging.synthetic.canvas import Points

Numbers = NDArray[np.float64]

# Normal blood: two lobes 35 %, three 40 %, five or more under 5 %; the rest shared out.
_LOBE_SHARES = {1: 0.08, 2: 0.35, 3: 0.40, 4: 0.135, 5: 0.035}
_NUCLEAR_AREA = 0.385 * np.pi
_FURTHEST_REACH = 0.9
_ATTEMPTS = 7
_STEPS = 14
_BRIDGE_SHARE = 0.4
_GAP_SHARE = 0.42
_TURN_SHARE = 0.12


@dataclass(frozen=True)
class Spine:
    """A nucleus as discs and filaments, in cell units.

    Parameters
    ----------
    centres, radii
        (count, 2) and (count,) of the discs, in the order of drawing.
    solid
        (count,): a disc that is not solid clears what lies below it, and so leaves a cleft
        between lobes that lie against each other.
    filaments
        Lines too thin to survive the smoothing of the contour.
    """

    centres: Points
    radii: Numbers
    solid: NDArray[np.bool_]
    filaments: tuple[Points, ...] = ()

    def reach(self) -> float:
        """Distance of the furthest edge from the cell's centre."""
        return float((np.hypot(self.centres[:, 0], self.centres[:, 1]) + self.radii).max())

    def merit(self) -> float:
        """How well the nucleus spreads without leaving the cell; only comparisons count."""
        spread = float(np.hypot(*self.centres.std(axis=0)))
        return spread - 1.8 * max(0.0, self.reach() - _FURTHEST_REACH)

    def moved(self, by: Numbers) -> "Spine":
        """The same nucleus elsewhere."""
        lines = tuple(line + by for line in self.filaments)
        return replace(self, centres=self.centres + by, filaments=lines)

    def fitted(self) -> "Spine":
        """The same nucleus, made just small enough to lie within the cell."""
        ratio = min(1.0, _FURTHEST_REACH / self.reach())
        lines = tuple(line * ratio for line in self.filaments)
        return Spine(self.centres * ratio, self.radii * ratio, self.solid, lines)


def segmented_spine(lobes: int | None, rng: np.random.Generator) -> Spine:
    """Draw a normal nucleus: of several courses the one that spreads best within the cell."""
    count = lobes or int(rng.choice(list(_LOBE_SHARES), p=_shares()))
    candidates = [_chain(count, rng) for _ in range(_ATTEMPTS)]
    return max(candidates, key=Spine.merit).fitted()


def pelger_spine(lobes: int | None, rng: np.random.Generator) -> Spine:
    """Draw two round lobes on a thin filament (pince-nez), or one round nucleus."""
    if (lobes or int(rng.choice([1, 2], p=[0.3, 0.7]))) == 1:
        return round_spine(0.3 * np.pi, 0.22, rng)
    axis = direction(rng.uniform(0, 2 * np.pi))
    radii = 0.355 * rng.normal(1, 0.06, 2)
    apart = axis * (radii.sum() + rng.uniform(0.1, 0.24)) / 2
    # Each lobe is two close discs: round, yet not drawn with compasses.
    tilt = direction(rng.uniform(0, 2 * np.pi)) * 0.045
    centres = np.array([-apart - tilt, -apart + tilt, apart - tilt, apart + tilt])
    sag = axis[::-1] * (-1, 1) * rng.normal(0, 0.06)
    filament = curve(-apart, sag, apart)
    drift = direction(rng.uniform(0, 2 * np.pi)) * rng.uniform(0, 0.12)
    return (
        Spine(centres, np.repeat(radii - 0.02, 2), np.ones(4, np.bool_), (filament,))
        .moved(drift)
        .fitted()
    )


def round_spine(area: float, offset: float, rng: np.random.Generator) -> Spine:
    """Draw one round nucleus, off the cell's centre by up to `offset`."""
    axis = direction(rng.uniform(0, 2 * np.pi)) * rng.uniform(0.02, 0.08)
    centre = direction(rng.uniform(0, 2 * np.pi)) * rng.uniform(0, offset)
    radius = np.sqrt(area / np.pi) - float(np.hypot(axis[0], axis[1])) / 2
    centres = np.array([centre - axis, centre + axis])
    return Spine(centres, np.full(2, radius), np.ones(2, np.bool_)).fitted()


def direction(angle: float) -> Numbers:
    """Unit vector (2,)."""
    return np.array([np.cos(angle), np.sin(angle)])


def curve(start: Numbers, middle: Numbers, end: Numbers) -> Points:
    """Quadratic curve (12, 2) from start to end, drawn towards the middle point."""
    t = np.linspace(0, 1, 12)[:, None]
    return np.asarray((1 - t) ** 2 * start + 2 * t * (1 - t) * middle + t**2 * end)


def _shares() -> Numbers:
    shares = np.array(list(_LOBE_SHARES.values()))
    return np.asarray(shares / shares.sum())


def _chain(count: int, rng: np.random.Generator) -> Spine:
    """Walk from lobe to lobe, bending mostly to one side: a C, a U, sometimes a Z."""
    heading, side = rng.uniform(0, 2 * np.pi), rng.choice([-1.0, 1.0])
    position = np.zeros(2)
    paths, radii = [], []
    for _ in range(count):
        length, width, bend = _lobe_size(count, rng)
        path, heading = _arc(position, heading, side * bend, length)
        paths.append(path)
        radii.append(width / 2 * (_band_profile(rng) if count == 1 else _lobe_profile()))
        gap = rng.uniform(0.08, 0.22) if rng.random() < _GAP_SHARE else rng.uniform(-0.06, 0.08)
        position = path[-1] + direction(heading) * gap
        # The more lobes, the less each joint turns: a closed ring is a rarity.
        heading += side * rng.normal(0.8 - 0.09 * count, 0.45)
        side = -side if rng.random() < _TURN_SHARE else side
    joined = _joined(paths, radii, rng)
    middle = np.average(joined.centres, axis=0, weights=joined.radii)
    drift = direction(rng.uniform(0, 2 * np.pi)) * rng.uniform(0, 0.12)
    return joined.moved(drift - middle)


def _joined(paths: list[Points], radii: list[Numbers], rng: np.random.Generator) -> Spine:
    """Join neighbouring lobes: about half by a thin filament, half by a broader bridge."""
    discs = [(paths[0], radii[0], True)]
    for path, radius in zip(paths[1:], radii[1:], strict=True):
        discs.append((path, radius + rng.uniform(0.02, 0.05), False))
        discs.append((path, radius, True))
    filaments, inner = [], _STEPS // 3
    for before, after in pairwise(paths):
        line = curve(before[-inner], (before[-1] + after[0]) / 2, after[inner])
        filaments.append(line)
        if rng.random() < _BRIDGE_SHARE:
            discs.append((line, np.full(len(line), rng.uniform(0.06, 0.15)), True))
    return Spine(
        np.concatenate([path for path, _, _ in discs]),
        np.concatenate([radius for _, radius, _ in discs]),
        np.concatenate([np.full(len(path), solid) for path, _, solid in discs]),
        tuple(filaments),
    )


def _lobe_size(count: int, rng: np.random.Generator) -> tuple[float, float, float]:
    """Length, width and bend of one lobe, so that all together have the nuclear area."""
    low, high = {1: (3.8, 5.2), 2: (1.2, 2.2), 3: (1.05, 1.75)}.get(count, (0.95, 1.35))
    aspect = rng.uniform(low, high)
    area = _NUCLEAR_AREA / count * rng.normal(1, 0.12)
    # 0.79: the share of its bounding rectangle that a rounded lobe fills.
    width = float(np.sqrt(area / (0.79 * aspect)))
    bend = rng.normal(2.9, 0.6) if count == 1 else rng.normal(0.35, 0.35) * aspect
    return width * aspect, width, float(bend)


def _lobe_profile() -> Numbers:
    along = np.abs(np.linspace(-1, 1, _STEPS))
    return np.asarray((1 - along**2) ** 0.5)


def _band_profile(rng: np.random.Generator) -> Numbers:
    along = np.linspace(-1, 1, _STEPS)
    waist = 1 - 0.14 * np.cos(np.pi * along * rng.uniform(0.8, 1.8))
    return np.asarray((1 - np.abs(along) ** 6) ** 0.5 * waist)


def _arc(start: Numbers, heading: float, bend: float, length: float) -> tuple[Points, float]:
    headings = heading + np.linspace(0, bend, _STEPS - 1)
    steps = np.stack([np.cos(headings), np.sin(headings)], axis=1) * length / (_STEPS - 1)
    path = start + np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])
    return path, heading + bend
