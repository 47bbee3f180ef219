"""`docs/access.md`, made from the rules: `python -m tests.access_table` writes it."""

from pathlib import Path

from app.domain.access import MATRIX, PEOPLE, SCOPES, Permission, Scope
from app.settings import PROJECT
from app.web.access import RULES, Anyone, Rule

PAGE = PROJECT / "docs" / "access.md"
INTRODUCTION = """# Who may do what

Made from `app/domain/access.py` and `app/web/access.py` by `python -m tests.access_table`; a test
holds it to them. A request that has no rule reaches no route, and a route without a rule fails the
tests.

A person has one role, and sees the cases of their sites only: a case of another site is answered
as if it were not there. A program has the scopes of its key, and never reviews or signs.
"""
SCOPES_READ = """A scope opens permissions, and each permission every route below that needs it. So
`cases:read`, `reports:read` and `fhir:read` open the same: cases with their patients, cells,
reviews and reports, under `/api/v1`, under `/fhir` and on the pages. Their names say what a key was
made for; what narrows it is its sites. What needs one to be *signed in* is open to every key; what
needs a permission of no scope is for people alone.

"""


def page() -> str:
    """The whole page."""
    parts = [
        INTRODUCTION,
        "## Roles\n\n" + _roles(),
        "## Scopes of API clients\n\n" + SCOPES_READ + _scopes(),
        "## Routes\n\nWhat the audit calls an act stands last; where nothing stands there, the "
        "request is a part of a page\nwhose view is recorded, or repeats itself: only its refusals "
        "and failures are recorded.\n\n" + _routes(),
    ]
    return "\n".join(parts)


def _roles() -> str:
    head = ["permission", *(role.value for role in PEOPLE)]
    rows = [
        [permission.value, *("yes" if permission in MATRIX[role] else "-" for role in PEOPLE)]
        for permission in Permission
    ]
    return _table(head, rows)


def _scopes() -> str:
    rows = [
        [f"`{scope.value}`", ", ".join(sorted(item.value for item in SCOPES[scope]))]
        for scope in Scope
    ]
    return _table(["scope", "permissions"], rows)


def _routes() -> str:
    head = ["route", "needs", *(role.value for role in PEOPLE), "audit"]
    rows = [
        [f"`{method} {path}`", _needs(rule), *_marks(rule), rule.action or ""]
        for (method, path), rule in sorted(RULES.items(), key=lambda item: item[0][::-1])
    ]
    return _table(head, rows)


def _needs(rule: Rule) -> str:
    return "nothing" if rule.needs is Anyone.OPEN else rule.needs.value


def _marks(rule: Rule) -> list[str]:
    return [
        "yes" if isinstance(rule.needs, Anyone) or rule.needs in MATRIX[role] else "-"
        for role in PEOPLE
    ]


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    Path(PAGE).write_text(page())
