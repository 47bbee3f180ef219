"""Every sentence that the pages can show, collected from the code.

`python -m tests.web.catalogue` prints what a translation still lacks, ready to be filled in.
"""

import ast
import sys
from collections.abc import Iterator
from enum import Enum
from importlib import import_module
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po

from app.settings import PROJECT
from app.web.language import CATALOGUES, Language
from app.web.pages.rendering import TEMPLATES
from app.web.printing.sentences import sentences as printed_sentences

# The training room has pages of its own, for developers; a command speaks English.
SOURCES = [
    PROJECT / "app" / room
    for room in (
        "domain",
        "imaging",
        "services",
        "db",
        "storage",
        "interchange",
        "jobs",
        "web",
        "bootstrap.py",
    )
]
# Where each function has its sentences among its literals.
PLACES = {"gettext": (0,), "message": (0,), "ngettext": (0, 1), "counted": (0, 1)}
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2)}
_JINJA = {"silent": "false", "newstyle_gettext": "true", "trimmed": "true"}

Sentence = str | tuple[str, str]


def sentences() -> set[Sentence]:
    """Each sentence once; a pair for those that change with a number."""
    return set(_in_python()) | set(in_templates()) | printed_sentences() | set(_of_enums())


def catalogue(language: Language) -> Catalog:
    """What is translated."""
    with (CATALOGUES / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language.value, abort_invalid=True)


def _in_python() -> Iterator[Sentence]:
    for path in _files():
        for call in _calls(path):
            where = PLACES.get(call.func.id, ())
            texts = [arg.value for arg in call.args if isinstance(arg, ast.Constant)]
            if where and len(texts) == len(where):
                yield texts[0] if len(texts) == 1 else (texts[0], texts[1])


def _files() -> list[Path]:
    """Every file of Python that speaks."""
    return [
        path
        for source in SOURCES
        for path in ([source] if source.is_file() else source.rglob("*.py"))
    ]


def _calls(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node


def in_templates() -> Iterator[Sentence]:
    """What the HTML templates say."""
    for path in sorted(TEMPLATES.rglob("*.html")):
        with path.open("rb") as file:
            for found in extract(
                "jinja2.ext:babel_extract", file, keywords=KEYWORDS, options=_JINJA
            ):
                yield found[1]


def _of_enums() -> Iterator[Sentence]:
    """The titles of the domain's values: pages show them by `.wording`."""
    for path in sorted((PROJECT / "app" / "domain").glob("*.py")):
        module = import_module(f"app.domain.{path.stem}")
        for kind in vars(module).values():
            if isinstance(kind, type) and issubclass(kind, Enum):
                yield from _titles(kind)


def _titles(kind: type[Enum]) -> Iterator[str]:
    for member in kind:
        for name in ("wording", "notice"):
            title = getattr(member, name, None)
            if isinstance(title, str):
                yield title


def unmarked_calls() -> list[str]:
    """Calls of `gettext` and the like whose sentence is not written out where it stands."""
    return [
        f"{path.relative_to(PROJECT)}:{call.lineno}"
        for path in _files()
        for call in _calls(path)
        if call.func.id in {"gettext", "message"}
        and not (call.args and isinstance(call.args[0], ast.Constant))
    ]


def missing(language: Language) -> list[Sentence]:
    """Sentences without a translation."""
    known = catalogue(language)
    return sorted((item for item in sentences() if not _has(known, item)), key=str)


def _has(known: Catalog, item: Sentence) -> bool:
    entry = known.get(item if isinstance(item, str) else item[0])
    if entry is None or entry.id != item:
        return False
    strings = entry.string if isinstance(entry.string, tuple) else (entry.string,)
    return all(strings)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def main() -> None:
    """Print the missing entries."""
    for item in missing(Language.FRENCH):
        if isinstance(item, str):
            print(f"msgid {_quoted(item)}\nmsgstr {_quoted('')}\n")
        else:
            print(f"msgid {_quoted(item[0])}\nmsgid_plural {_quoted(item[1])}")
            print('msgstr[0] ""\nmsgstr[1] ""\n')


if __name__ == "__main__":
    sys.exit(main())
