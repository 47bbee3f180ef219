"""What `vexascope score` shows in a terminal."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from app.domain.report import RESEARCH_USE_NOTICE
from app.domain.screening import Basis
from app.training.screening.fit import Tell

_DASH = "\N{EN DASH}"


@contextmanager
def progress(title: str) -> Iterator[Tell]:
    """A bar on a terminal's standard error, and nowhere else."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=None)

        def tell(text: str, done: int, total: int) -> None:
            bar.update(task, description=text, completed=done, total=total)

        yield tell


def show_fit(content: Mapping[str, Any]) -> None:
    """The rule, its performance, and what it was compared with."""
    console = _console()
    cohort, fit, found = content["cohort"], content["fit"], content["performance"]
    lines = [
        f"Rule {content['name']}, basis: {content['basis']}",
        cohort["description"],
        *_excluded(cohort),
        f"Model: {fit['model_in_words']}; {fit['chosen_as']}",
        f"Penalty {fit['penalty']:.3g}; cut-off {content['cut_off']:.4f}, on training patients, "
        f"for a sensitivity of {fit['wanted_sensitivity']:g}",
        *_weights(content),
        "",
        f"Left-out patients ({found['patients']}): {_figures(found)}",
    ]
    if "test" in found:
        lines.append(f"Test part ({found['test']['patients']}): {_figures(found['test'])}")
    if "optimism" in found:
        lines.append(found["optimism"])
    console.print(Text("\n".join(lines)))
    console.print(_alternatives(content["alternatives"], fit["chosen_as"]))
    if content["basis"] == Basis.SIMULATED:
        console.print(Text(f"{Basis.SIMULATED.notice}", style="bold"))
    console.print(Text(RESEARCH_USE_NOTICE))


def _excluded(cohort: Mapping[str, Any]) -> list[str]:
    left_out = cohort["excluded_below_minimum_cells"]
    if not left_out:
        return []
    counts = "; ".join(f"{number} {name}" for name, number in left_out.items())
    return [f"Left out, with too few PMN: {counts}"]


def _weights(content: Mapping[str, Any]) -> list[str]:
    kind = "corrected" if "correction" in content else "apparent"
    lines = [f"  {'intercept':<18}{content['intercept']:>9.3f}"]
    for label, weight in content["coefficients"].items():
        reference = content["reference_proportions"][label]
        lines.append(
            f"  {label:<18}{weight:>9.3f} per unit of the {kind} proportion; "
            f"controls' mean {reference:.1%}"
        )
    return lines


def _figures(found: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{title} {_with_interval(found, name, name + '_interval_95')}"
        for name, title in (("auc", "AUC"), ("sensitivity", "sens."), ("specificity", "spec."))
    )


def _with_interval(found: Mapping[str, Any], name: str, interval: str) -> str:
    if found[name] is None:
        return "not known"
    low, high = found[interval]
    return f"{found[name]:.3f} ({low:.3f}{_DASH}{high:.3f})"


def _alternatives(rows: list[Mapping[str, Any]], chosen_as: str) -> Table:
    table = Table(
        title="Nested leave-one-patient-out",
        caption=f"> fitted: {chosen_as}. * for comparison only: a rule cannot hold it. "
        "Intervals at 95 %: bootstrap for the area, exact for the shares.",
    )
    table.add_column("model", overflow="fold")
    for heading in ("AUC", "sensitivity", "specificity", "log loss", "Brier"):
        table.add_column(heading, justify="right")
    for row in rows:
        mark = ">" if row["chosen"] else " " if row["can_be_served"] else "*"
        table.add_row(
            f"{mark} {row['title']}",
            *(
                _with_interval(row, name, f"{name}_interval_95")
                for name in ("auc", "sensitivity", "specificity")
            ),
            f"{row['log_loss']:.3f}",
            f"{row['brier']:.3f}",
        )
    return table


def show_power(content: Mapping[str, Any]) -> None:
    """Accuracy for each number of PMN."""
    table = Table(
        title=f"Accuracy of {content['rule']} by the number of PMN read",
        caption="In brackets: 95 % interval of the simulation. Changed: patients with another "
        "recommendation than with endless cells. * below the rule's minimum of "
        f"{content['minimum_cells']} PMN: no score in practice.",
    )
    for heading in ("PMN", "AUC", "sensitivity", "specificity", "changed"):
        table.add_column(heading, justify="right")
    for row in content["rows"]:
        mark = "*" if row["cells"] < content["minimum_cells"] else ""
        names = ("auc", "sensitivity", "specificity", "changed")
        table.add_row(f"{mark}{row['cells']}", *(_simulated(row[name]) for name in names))
    console = _console()
    console.print(table)
    console.print(Text(f"{content['advice']}\nBasis: {content['basis']}"))
    console.print(Text(RESEARCH_USE_NOTICE))


def _simulated(estimate: Mapping[str, Any]) -> str:
    low, high = estimate["interval_95_of_the_simulation"]
    return f"{estimate['value']:.3f} ({low:.3f}{_DASH}{high:.3f})"


def _console() -> Console:
    # A pipe has no width of its own: eighty columns would fold every number.
    return Console(width=None if sys.stdout.isatty() else 140, highlight=False)
