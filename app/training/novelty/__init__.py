"""How unlike the learnt neutrophils an image is: fitted, measured, and made part of the graph."""

from app.training.novelty.graph import Novelty
from app.training.novelty.reference import NoveltyReference, fit_novelty
from app.training.novelty.run import NoveltyResult, novelty_of

__all__ = ["Novelty", "NoveltyReference", "NoveltyResult", "fit_novelty", "novelty_of"]
