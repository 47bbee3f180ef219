"""Cells for the training tests: drawn ones for every machine, real ones where the data are."""

import os
from pathlib import Path

import pytest

from tests.training.drawing import drawn_neutrophil


@pytest.fixture
def neutrophil():
    return drawn_neutrophil()


@pytest.fixture(scope="session")
def pbc():
    """The folder of the real single cells."""
    named = os.environ.get("VEXASCOPE_TEST_DATA")
    root = Path(__file__).parents[2]
    folder = (Path(named) if named else root.parent / "shared" / "data") / "pbc"
    if not (folder / "cells.csv").exists():
        pytest.skip(
            "real cells not found: set VEXASCOPE_TEST_DATA to the folder that holds pbc/, "
            "or put it at ../shared/data beside the project"
        )
    return folder
