"""Annotated data sets: their folder format, importers, checks and splits."""
