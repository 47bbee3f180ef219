"""The old place of `app.training.evaluation.intervals`."""

from app.training.evaluation.intervals import Interval, area_under_curve, exact_interval

__all__ = ["Interval", "area_under_curve", "exact_interval"]
