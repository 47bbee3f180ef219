"""The old place of what `app.imaging.protrusions` tells of a nucleus's outline."""

from app.imaging.protrusions import clearly_smooth, longest_protrusion_px

__all__ = ["clearly_smooth", "longest_protrusion_px"]
