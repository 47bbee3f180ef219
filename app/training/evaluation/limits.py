"""What an evaluation does not show, in sentences that stand on its page."""

from app.training.evaluation.run import Evaluation


def limits_of(evaluation: Evaluation) -> tuple[str, ...]:
    """The limits that hold for every evaluation, and those of this one."""
    return (*_always(), *_of_this(evaluation))


def _always() -> tuple[str, ...]:
    return (
        "Figures hold for these cells: their stain, camera, laboratory, patients and annotators. "
        "Elsewhere they have to be measured again.",
        "PPV, NPV, F1 and PR-AUC hold at the prevalence of this data set only.",
        "Labels are opinions of readers; where those err, so do the figures.",
        "The score ranks patients; it is not the probability of VEXAS, and a clean smear never "
        "rules VEXAS out.",
    )


def _of_this(evaluation: Evaluation) -> list[str]:
    found = []
    names = {origin.origin for origin in evaluation.origins}
    if "edited" in names:
        found.append(
            "Edited cells are real cells with an abnormality painted onto them: their table says "
            "how well the painting is found, not how well real abnormalities are."
        )
    if "synthetic" in names:
        found.append("Synthetic cells are drawings: nothing measured on them is accuracy.")
    if any(origin.cells_without_patient for origin in evaluation.origins):
        found.append(
            "Not all cells name a patient: their intervals are over cells, which resemble each "
            "other within a patient, and so are too narrow."
        )
    if not any(origin.patients for origin in evaluation.origins):
        found.append("No patient is named, so nothing is said of patients or of the score.")
    if evaluation.facts.rule_basis == "simulated":
        found.append("The screening rule was fitted on simulated patients, not on real ones.")
    return found
