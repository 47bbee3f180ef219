"""Each act of the audit has words for people."""

import re

import pytest

from app.domain.acts import ACTS, in_words
from app.settings import PROJECT
from app.web.access import RULES

NOTED = re.compile(r'note\(\s*"([a-z0-9-]+\.[a-z_-]+)"')


def noted():
    for path in (PROJECT / "app").rglob("*.py"):
        yield from NOTED.findall(path.read_text())


@pytest.mark.parametrize(
    "action", sorted({rule.action for rule in RULES.values() if rule.action} | set(noted()))
)
def test_an_act_has_words(action):
    assert action in ACTS


def test_an_act_of_an_older_version_keeps_its_name():
    assert in_words("case.fold") == "case.fold"
