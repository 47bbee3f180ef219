"""Bundles and the classifier that runs them."""
