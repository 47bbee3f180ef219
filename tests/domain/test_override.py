import pytest

from app.domain.abnormality import Abnormality
from app.domain.cell import QualityFlag
from app.domain.finding import Exclusion, read_cell
from app.domain.override import OverrideCount, compare
from app.domain.review import Decision
from tests.factories import make_cell, make_findings, make_manifest, make_read

VACUOLE, SPIKE = Abnormality.VACUOLE, Abnormality.NUCLEAR_SPIKE


def held(*labels, out=None):
    return Decision(out, frozenset(labels))


def test_the_example_of_the_documentation():
    """docs/statistics.md counts these six cells by hand."""
    poor = make_cell(flags=[QualityFlag.BLURRED])
    manifest = make_manifest()
    cells = [
        (make_read([VACUOLE]), held(VACUOLE)),
        (make_read([VACUOLE]), held()),
        (make_read(), held(VACUOLE, SPIKE)),
        (make_read([VACUOLE]), held(VACUOLE, out=Exclusion.BY_READER)),
        (read_cell(poor, make_findings(poor), manifest), held()),
        (read_cell(make_cell(), None, manifest), held(VACUOLE)),
    ]
    found = compare(cells)
    assert found[VACUOLE] == OverrideCount(called=2, not_called=1, removed=1, added=1)
    assert found[SPIKE] == OverrideCount(called=0, not_called=3, removed=0, added=1)
    assert found[Abnormality.PSEUDO_PELGER] == OverrideCount(not_called=3)
    assert found[None] == OverrideCount(called=4, not_called=1, removed=1, added=1)
    assert found[VACUOLE].seen == 3


@pytest.mark.parametrize("pmn", [0.99, 0.01])
def test_a_confirmed_cell_overrides_nothing(pmn):
    cell = make_read([VACUOLE], pmn=pmn)
    counts = compare([(cell, Decision(cell.exclusion, cell.abnormalities))]).values()
    assert sum(count.added + count.removed for count in counts) == 0
