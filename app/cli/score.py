"""`vexascope score`: fit, try and install a screening rule."""

import json
import shutil
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.evaluation import require_extra
from app.domain.errors import BundleRefused, InvalidInput
from app.settings import load_settings

if TYPE_CHECKING:
    from app.domain.screening import ScreeningRule
    from app.training.screening.correction import Correction
    from app.training.screening.population import Population

score_commands = typer.Typer(
    help="The screening score: fit a rule on your own patients, try it, put it into a bundle.",
    no_args_is_help=True,
)

Bundle = Annotated[
    Path | None,
    typer.Option(
        help="Folder of the bundle that called the cells; its manifest may say its error."
    ),
]
Errors = Annotated[
    Path | None,
    typer.Option(help="JSON file with the classifier's sensitivity and specificity by label."),
]
PositiveGroup = Annotated[
    list[str] | None,
    typer.Option(help='Group to be found, may be repeated; default: the one that holds "vexas".'),
]
Seed = Annotated[int, typer.Option(help="The same seed gives the same result.")]


class Method(StrEnum):
    """How patients are drawn from a cohort."""

    BETA_BINOMIAL = "beta-binomial"
    RESAMPLE = "resample"


@score_commands.command("fit")
def fit(
    cohort: Annotated[Path, typer.Argument(help="CSV file, one line a patient (docs/score.md).")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File of the rule.")] = Path(
        "screening.json"
    ),
    name: Annotated[str, typer.Option(help="Stands on every report.")] = "",
    positive_group: PositiveGroup = None,
    bundle: Bundle = None,
    errors: Errors = None,
    *,
    no_correction: Annotated[
        bool, typer.Option("--no-correction", help="Score the proportions as they were called.")
    ] = False,
    sensitivity: Annotated[
        float, typer.Option(help="Share of the training patients that the cut-off must find.")
    ] = 0.85,
    minimum_cells: Annotated[
        int, typer.Option(min=1, help="Patients with fewer PMN are left out, and get no score.")
    ] = 50,
    allow_negative: Annotated[
        bool,
        typer.Option(
            "--allow-negative", help="Let an abnormality lower the score (docs/score.md)."
        ),
    ] = False,
    choose_best: Annotated[
        bool,
        typer.Option("--choose-best", help="Take the best of the compared models: optimistic."),
    ] = False,
    simulated: Annotated[
        bool, typer.Option("--simulated", help="The patients are made up: reports will say so.")
    ] = False,
    seed: Seed = 0,
) -> None:
    """Fit a screening rule on a cohort, compare it with others, and write it (extra `evaluate`)."""
    require_extra()
    from app.cli import score_view  # noqa: PLC0415 - needs an extra
    from app.training.screening.cohort_file import read_cohort  # noqa: PLC0415
    from app.training.screening.fit import FitOptions, fit_rule  # noqa: PLC0415
    from app.training.screening.install import classifier_facts  # noqa: PLC0415

    manifest = _manifest(bundle) if bundle else None
    options = FitOptions(
        name=name or cohort.stem,
        correction=None if no_correction else _correction(manifest, errors),
        positive_group=tuple(positive_group or ()),
        wanted_sensitivity=sensitivity,
        minimum_cells=minimum_cells,
        non_negative=not allow_negative,
        choose_best=choose_best,
        simulated=simulated,
        seed=seed,
        classifier=classifier_facts(manifest) if manifest else None,
    )
    _check_file(output)
    with score_view.progress("Fitting") as tell:
        content = fit_rule(read_cohort(cohort), options, tell)
    _write(output, content)
    score_view.show_fit(content)
    print(f"Written: {output}")


@score_commands.command("simulate")
def simulate(
    output: Annotated[Path, typer.Option("--output", "-o", help="CSV file of the cohort.")] = Path(
        "simulated-cohort.csv"
    ),
    bundle: Bundle = None,
    errors: Errors = None,
    seed: Seed = 0,
) -> None:
    """Write a made-up cohort, marked as such, with the assumptions printed (extra `evaluate`).

    Without --bundle or --errors the simulated classifier makes no error.
    """
    require_extra()
    from app.training.screening.cohort_file import write_cohort  # noqa: PLC0415
    from app.training.screening.simulated import ASSUMPTIONS  # noqa: PLC0415
    from app.training.screening.simulated import simulate as draw  # noqa: PLC0415

    known = _correction(_manifest(bundle) if bundle else None, errors) if bundle or errors else None
    _check_file(output)
    cohort = draw(known, seed)
    write_cohort(output, cohort)
    print(f"Written: {output}, {len(cohort)} made-up patients, half of them to test on.")
    print("Assumptions:")
    print("\n".join(f"- {sentence}" for sentence in ASSUMPTIONS))


@score_commands.command("power")
def power(
    rule: Annotated[
        Path | None, typer.Argument(help="A screening.json; default: that of the active bundle.")
    ] = None,
    cohort: Annotated[
        Path | None,
        typer.Option(help="Draw patients as those of this cohort; default: the assumptions."),
    ] = None,
    method: Annotated[
        Method, typer.Option(help="Draw from fitted distributions, or the patients themselves.")
    ] = Method.BETA_BINOMIAL,
    positive_group: PositiveGroup = None,
    errors: Errors = None,
    cells: Annotated[
        str, typer.Option(help="Numbers of PMN to try, separated by commas.")
    ] = "25,50,75,100,150,200,300,400,500",
    cohorts: Annotated[int, typer.Option(min=20, help="Cohorts to draw.")] = 200,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for power.html and power.json.")
    ] = None,
    seed: Seed = 0,
) -> None:
    """Show by simulation how many PMN a patient needs (extra `evaluate`)."""
    require_extra()
    from app.cli import score_view  # noqa: PLC0415 - needs an extra
    from app.training.screening.power import power_content, simulate_power  # noqa: PLC0415
    from app.training.screening.power_page import power_page  # noqa: PLC0415

    numbers = _numbers(cells)
    checked = _rule(rule or load_settings().bundle_dir / "screening.json")
    if output and output.exists() and not output.is_dir():
        raise InvalidInput(f"{output} is a file. Name a folder with --output.")
    population, basis = _population(checked, cohort, method, positive_group, errors)
    with score_view.progress("Simulating cohorts") as tell:
        done = iter(range(1, cohorts + 1))
        rows = simulate_power(
            checked,
            population,
            numbers,
            cohorts,
            seed,
            lambda: tell("Simulating cohorts", next(done), cohorts),
        )
    content = power_content(
        rows,
        rule=checked.name,
        rule_basis=checked.basis.value,
        minimum_cells=checked.minimum_cells,
        basis=basis,
        cohorts=cohorts,
        seed=seed,
    )
    score_view.show_power(content)
    if output:
        output.mkdir(parents=True, exist_ok=True)
        _write(output / "power.json", content)
        (output / "power.html").write_text(power_page(content), encoding="utf-8")
        print(f"Written: {output / 'power.html'} and {output / 'power.json'}")


@score_commands.command("install")
def install(
    rule: Annotated[Path, typer.Argument(help="A screening.json, as `score fit` writes it.")],
    bundle: Annotated[Path, typer.Argument(help="Folder of the bundle to be copied.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="New folder of the copy.")],
    *,
    any_classifier: Annotated[
        bool,
        typer.Option(
            "--any-classifier",
            help="Even if the rule does not say that this bundle called its cells.",
        ),
    ] = False,
) -> None:
    """Copy a bundle with a new rule, version and digest."""
    from app.inference.bundle import load_bundle  # noqa: PLC0415 - slow to import
    from app.training.screening.install import install_rule  # noqa: PLC0415

    load_bundle(bundle)
    install_rule(rule, bundle, output, any_classifier=any_classifier)
    try:
        copied = load_bundle(output).bundle
    except BundleRefused:
        shutil.rmtree(output)
        raise
    print(f"{copied.manifest.title}: written to {output}")
    print(f"  digest  {copied.manifest.digest}")
    print(f"  score   {copied.rule.name} ({copied.rule.basis}), cut-off {copied.rule.cut_off:.4f}")
    print("Name the folder in VEXASCOPE_BUNDLE and start the server again.")


def _manifest(bundle: Path) -> Mapping[str, Any]:
    from app.inference.bundle import MANIFEST, load_bundle  # noqa: PLC0415 - slow to import

    content = json.loads(load_bundle(bundle).texts[MANIFEST])
    return dict(content)


def _correction(manifest: Mapping[str, Any] | None, errors: Path | None) -> "Correction":
    """What was measured elsewhere goes before what the bundle says of itself."""
    from app.training.screening.correction import manifest_errors, read_errors  # noqa: PLC0415

    if errors:
        return read_errors(errors)
    if manifest is not None:
        return manifest_errors(manifest)
    raise InvalidInput(
        "How often does the classifier err? Name its --bundle, if its manifest says so, or "
        "--errors errors.json; or say --no-correction."
    )


def _rule(path: Path) -> "ScreeningRule":
    from app.domain.screening import parse_rule  # noqa: PLC0415
    from app.training.screening.install import read_rule  # noqa: PLC0415

    return parse_rule(read_rule(path)[1])


def _population(
    rule: "ScreeningRule",
    path: Path | None,
    method: Method,
    named: list[str] | None,
    errors: Path | None,
) -> "tuple[Population, str]":
    """Whom the simulation draws, and the sentence that says so."""
    from app.training.screening import cohort as cohorts  # noqa: PLC0415
    from app.training.screening import population, simulated  # noqa: PLC0415
    from app.training.screening.cohort_file import read_cohort  # noqa: PLC0415
    from app.training.screening.correction import read_errors  # noqa: PLC0415

    if path is None:
        known = read_errors(errors) if errors else rule.correction
        said = "the classifier's measured error" if known else "a faultless classifier"
        return simulated.ReadPopulation(known), f"Made-up patients, by assumption; {said}."
    cohort = read_cohort(path)
    cohort = cohort.select(cohort.pmn > 0)
    positive = cohorts.is_positive(cohort, cohorts.positive_groups(cohort, named or []))
    kind = "made-up patients" if cohort.simulated else "patients"
    start = f"{len(cohort)} {kind} of {path.name}"
    if method is Method.RESAMPLE:
        drawn = population.Resampled(cohort.apparent, positive)
        said = "drawn with replacement; the chance of the cells read is in them twice"
        return drawn, f"{start}, {said}."
    model = population.modelled(cohort, positive)
    return model, f"Drawn from beta-binomial distributions fitted to {start}, group by group."


def _numbers(text: str) -> list[int]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and 1 <= int(part) <= 100_000 for part in parts):  # noqa: PLR2004
        raise InvalidInput(f"--cells is {text!r}. Write whole numbers, as 50,100,200.")
    return [int(part) for part in parts]


def _check_file(path: Path) -> None:
    """Before a long computation, not after it."""
    if path.is_dir() or not path.parent.is_dir():
        raise InvalidInput(f"{path} cannot be written: name a file in a folder that is there.")


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
