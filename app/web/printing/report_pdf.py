"""The report as PDF: the context of report.html, set by `templates/report.typ`."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import typst

from app.web.language import locale
from app.web.pages.contexts import Chrome
from app.web.pages.rendering import TEMPLATES
from app.web.pages.report_contexts import ReportPage
from app.web.printing.sentences import words
from app.web.printing.typeface import fonts, printable


def report_pdf(page: ReportPage, frame: Chrome, pictures: Mapping[str, bytes]) -> bytes:
    """Set the report on A4, tagged by PDF/UA-1, in the language of the request.

    The same context, words and pictures give the same bytes: the dates are the report's own.

    Parameters
    ----------
    pictures
        JPEG by thumbnail path (see `key_pictures`); one that is missing is said to be missing.
    """
    # Typst reads nothing outside of this folder.
    with TemporaryDirectory(prefix="vexascope-pdf-") as name:
        folder = Path(name)
        _copy_templates(folder)
        names = _write_pictures(pictures, folder)
        _write_data(page, frame, names, folder)
        return typst.compile(
            folder / "report.typ",
            root=folder,
            font_paths=fonts(),
            ignore_system_fonts=True,
            pdf_standards=["ua-1"],
            timestamp=datetime.fromisoformat(page.created_at.iso).replace(microsecond=0),
        )


def _copy_templates(folder: Path) -> None:
    for path in TEMPLATES.rglob("*.typ"):
        target = folder / path.relative_to(TEMPLATES)
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(path, target)


def _write_pictures(pictures: Mapping[str, bytes], folder: Path) -> dict[str, str]:
    """Thumbnail path to the name of its file, which holds nothing of the data."""
    names = {path: f"/picture-{number}.jpg" for number, path in enumerate(pictures, start=1)}
    for path, name in names.items():
        (folder / name.lstrip("/")).write_bytes(pictures[path])
    return names


def _write_data(page: ReportPage, frame: Chrome, names: Mapping[str, str], folder: Path) -> None:
    data = {
        "page": _printable(page),
        "chrome": _printable(frame),
        "words": _printable(words()),
        "pictures": names,
        "group_mark": printable(locale().number_symbols["latn"]["group"]),
    }
    (folder / "report.json").write_text(json.dumps(data), encoding="utf-8")


def _printable(value: object) -> object:
    """Contexts as JSON, every text as the typeface can print it."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {key: _printable(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_printable(item) for item in value]
    if is_dataclass(value):
        return {item.name: _printable(getattr(value, item.name)) for item in fields(value)}
    return value
