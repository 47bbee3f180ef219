"""The old place of `app.training.screening.simulated`."""

from app.training.screening.simulated import screening_rule

__all__ = ["screening_rule"]
