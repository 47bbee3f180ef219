"""Cases that are kept in memory are bounded by their cells."""

from uuid_utils.compat import uuid7

from app.domain.case import Progress
from app.services import classified
from app.services.classified import Classified, _Kept


def kept_after(counts):
    """Keep cases of so many cells, and say which of them are there still."""
    kept = _Kept()
    keys = [(uuid7(), "d" * 64, Progress(count, count, 0)) for count in counts]
    for key, count in zip(keys, counts, strict=True):
        kept.keep(key, Classified([None] * count, [], {}))
    return [kept.get(key) is not None for key in keys]


def test_the_oldest_go_when_there_are_too_many_cells(monkeypatch):
    monkeypatch.setattr(classified, "MOST_CELLS", 100)
    assert kept_after([60, 40]) == [True, True]
    assert kept_after([60, 40, 1]) == [False, True, True]
    assert kept_after([60, 5000]) == [False, True]
    assert kept_after([5000, 1]) == [False, True]
