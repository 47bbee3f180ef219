"""What `vexascope dataset` says on the terminal."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table

from app.training.datasets.check import Problem, Severity
from app.training.datasets.fields import NamedCells
from app.training.datasets.leaks import leaking_patients
from app.training.datasets.mendeley import (
    NORMAL,
    PUBLISHED_CELLS,
    PUBLISHED_PATIENTS,
    Layout,
    Publication,
)
from app.training.datasets.rows import LABEL_COLUMNS
from app.training.datasets.sample import Sample
from app.training.datasets.summary import (
    NOT_GIVEN,
    Prevalence,
    counts,
    prevalences,
    split_sizes,
    total,
)

_EXAMPLES = 5
_DETAILS = 12

Item = TypeVar("Item")


def progress(items: Iterable[Item], description: str, count: int) -> Iterable[Item]:
    """Show how far it has come, on a terminal's standard error only."""
    console = Console(stderr=True)
    return track(items, description, total=count, console=console, disable=not console.is_terminal)


def show_counts(samples: Sequence[Sample]) -> None:
    """Print labels by group and centre, splits, and types of cells."""
    found = prevalences(samples)
    table = Table(title="Cells with each label, of those where it is known")
    table.add_column("group", overflow="fold")
    table.add_column("centre", overflow="fold")
    for name in ("cells", "patients", *LABEL_COLUMNS):
        table.add_column(name.replace("_", " "), justify="right")
    for each in found:
        table.add_row(*_cells(each))
    if len(found) > 1:
        table.add_section()
        table.add_row(*_cells(total(samples)))
    _console().print(table)
    show_splits(samples)
    types = counts(samples, lambda sample: sample.cell_type)
    if set(types) != {NOT_GIVEN}:
        _say("Types: " + ", ".join(f"{name} {count}" for name, count in types.items()))


def _cells(found: Prevalence) -> list[str]:
    labels = (
        f"{positive}/{known} {positive / known:.1%}" if known else "unknown"
        for positive, known in found.labels
    )
    names = (escape(found.group or NOT_GIVEN), escape(found.centre or NOT_GIVEN))
    return [*names, str(found.cells), str(found.patients or "none named"), *labels]


def show_splits(samples: Sequence[Sample]) -> None:
    """Print the size of each split."""
    sizes = (
        f"{name}: {cells} cells" + (f" of {patients} patients" if patients else "")
        for name, (cells, patients) in split_sizes(samples).items()
    )
    _say("Splits: " + "; ".join(sizes))


def show_publication(found: Publication, layout: Layout, root: Path) -> None:
    """Print how the published files were understood, so that somebody can see whether it fits."""
    _say("This is how the files were understood.")
    for column, letter in found.columns.items():
        meaning = layout.meanings[letter]
        _say(f"  column {column}: letter {letter}, {meaning.value if meaning else NORMAL}")
    if found.ignored:
        _say(f"  not read: {', '.join(found.ignored)}")
    _show_normal(found)
    show_counts(found.samples)
    _show_groups(found, layout)
    _show_patients(found, layout, root)


def _show_normal(found: Publication) -> None:
    if found.normal_fits is None:
        return
    share = found.normal_fits / len(found.samples)
    doubt = "" if share > 0.95 else ". That is few: letters or columns may be wrong"  # noqa: PLR2004
    _say(f"  normal exactly where nothing else is found: {share:.1%} of the cells{doubt}")


def _show_groups(found: Publication, layout: Layout) -> None:
    _say(f"Groups, and whether the identifier fits --mutated {layout.mutated.pattern}:")
    values: dict[str, dict[bool, int]] = {}
    for (group, fits), count in sorted(found.crossing.items()):
        values.setdefault(group, {})[fits] = count
    for group, sides in values.items():
        doubt = "  (both: the pattern or the group is wrong)" if len(sides) > 1 else ""
        fit, other = sides.get(True, 0), sides.get(False, 0)
        _say(f"  {group or NOT_GIVEN}: {fit} cells fit, {other} do not{doubt}")


def _show_patients(found: Publication, layout: Layout, root: Path) -> None:
    patients = counts(found.samples, lambda sample: sample.patient)
    _say(
        f"Patients by --patient {layout.patient.pattern}: {len(patients)}, with "
        f"{min(patients.values())} to {max(patients.values())} cells each "
        f"({len(found.samples)} cells; published: {PUBLISHED_CELLS} of {PUBLISHED_PATIENTS})"
    )
    step = max(1, len(found.samples) // _EXAMPLES)
    for sample in found.samples[::step][:_EXAMPLES]:
        inside = sample.path.relative_to(root).as_posix()
        _say(f"  {inside}: patient {sample.patient}, group {sample.group}")
    leaking = leaking_patients(found.samples)
    if leaking:
        _say(
            f"Warning: {len(leaking)} patients lie in train and test. Divide the data set again "
            "with `vexascope dataset split` before you train."
        )


def show_left_out(named: NamedCells) -> None:
    """Print how many of the named cells are not part of the data set."""
    _say(
        f"Left out: {named.unsure} cells that the readers did not agree on, and "
        f"{named.without_image} whose image is not there"
    )


def show_problems(problems: Sequence[Problem]) -> None:
    """Print each problem with its first details."""
    for problem in problems:
        is_error = problem.severity is Severity.ERROR
        word = "[bold red]Error[/]" if is_error else "[bold yellow]Warning[/]"
        _console().print(f"{word}: {escape(problem.sentence)}", highlight=False, soft_wrap=True)
        for detail in problem.details[:_DETAILS]:
            _say(f"  {detail}")
        if len(problem.details) > _DETAILS:
            _say(f"  ... and {len(problem.details) - _DETAILS} more")
    if not any(problem.severity is Severity.ERROR for problem in problems):
        _say("No error was found.")


def warn_without_patients(samples: Sequence[Sample]) -> None:
    """Say loudly that cells of one patient may be divided."""
    nobody = sum(not sample.patient for sample in samples)
    if not nobody:
        return
    Console(stderr=True).print(
        f"[bold red]WARNING: {nobody} of {len(samples)} cells name no patient.[/] "
        "They are divided image by image, so cells of one patient may lie on both sides. "
        "Figures measured on such a split are too good. Fill the column patient if you can.",
        highlight=False,
        soft_wrap=True,
    )


def _say(text: str) -> None:
    _console().print(text, markup=False, highlight=False, soft_wrap=True)


def _console() -> Console:
    """Standard output as it is now; where it is no terminal, wide enough for the table."""
    console = Console()
    return console if console.is_terminal else Console(width=160)
