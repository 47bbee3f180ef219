"""Numbers and names as the page writes them."""

ORIGIN_TITLES = {
    "real": ("Real cells", ""),
    "edited": (
        "Edited cells",
        "Real cells with an abnormality, or its decoy, painted onto them. These figures say how "
        "well the painting is found; they are not accuracy on real abnormalities.",
    ),
    "synthetic": (
        "Synthetic cells",
        "Drawings, not photographs. Nothing here is accuracy, and nothing is said of patients.",
    ),
}

_NOTHING = "\N{EN DASH}"
_SURE = 0.9999
_TINY = 0.0005


def area(value: float | None) -> str:
    """Three digits; never 1.000 or 0.000 unless it is exactly that."""
    if value is None:
        return _NOTHING
    if 1 - _TINY <= value < 1:
        return f"{value:.4f}" if value < _SURE else ">0.9999"
    if 0 < value < _TINY:
        return f"{value:.4f}" if value > 1 - _SURE else "<0.0001"
    return f"{value:.3f}"


def percent(value: float | None) -> str:
    """One digit; never 100 or 0 unless it is exactly that."""
    if value is None:
        return _NOTHING
    if 1 - _TINY <= value < 1:
        return ">99.9"
    if 0 < value < _TINY:
        return "<0.1"
    return f"{100 * value:.1f}"


def plain(value: float | None) -> str:
    """A count, or the middle between two."""
    return _NOTHING if value is None else f"{value:g}"


def p_value(value: float | None) -> str:
    """Three digits, and nothing below 0.001."""
    if value is None:
        return _NOTHING
    return "<0.001" if value < 0.001 else f"{value:.3f}"  # noqa: PLR2004
