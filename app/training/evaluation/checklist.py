"""A TRIPOD+AI checklist (Collins et al., BMJ 2024;385:e078378), filled with what is known.

The 27 items are put in our own short words; the statement itself is what counts. An item that
the evaluation cannot know stays open: only the authors of a study can answer it.
"""

from dataclasses import dataclass

from app.training.evaluation.run import Evaluation, OriginResult

OPEN = "Not known here: to be filled by the authors."


@dataclass(frozen=True)
class Item:
    """One item; `answer` is `OPEN` where nothing is known, and `partly` where more is needed."""

    number: int
    section: str
    topic: str
    asks: str
    answer: str
    state: str


_ITEMS = (
    ("Title", "Title", "Name the study as an evaluation, its target group and its outcome."),
    ("Abstract", "Abstract", "Sum up by the statement's own list for abstracts."),
    ("Introduction", "Background", "Why the prediction is needed, for whom, known inequalities."),
    ("Introduction", "Objectives", "Whether a model is developed, evaluated, or both."),
    ("Methods", "Data", "Where the data come from, when they were collected."),
    ("Methods", "Participants", "Setting, centres, who was eligible, treatments."),
    ("Methods", "Data preparation", "How data were cleaned and judged, alike in all groups."),
    ("Methods", "Outcome", "What is predicted, who judged it, blinded to what."),
    ("Methods", "Predictors", "What enters the prediction and how it is measured."),
    ("Methods", "Sample size", "How it was arrived at, and why it is enough."),
    ("Methods", "Missing data", "What was missing and how it was handled."),
    ("Methods", "Analysis", "Use of the data, model, performance measures, clustering."),
    ("Methods", "Class imbalance", "What was done about it, and about its effect."),
    ("Methods", "Fairness", "What was done for groups that might fare worse."),
    ("Methods", "Output", "What the model gives, and how thresholds were chosen."),
    ("Methods", "Training and evaluation", "How both data sets differ."),
    ("Methods", "Ethics", "Approval, and consent or its waiver."),
    ("Open science", "Open science", "Funding, interests, protocol, registration, data, code."),
    ("Involvement", "Patients and public", "How they took part, or that they did not."),
    ("Results", "Participants", "Numbers at each step, and what the groups are like."),
    ("Results", "Development", "Numbers of participants and outcomes in each analysis."),
    ("Results", "Model", "Enough to make predictions: weights, code, access."),
    ("Results", "Performance", "Figures with intervals, also in key subgroups and centres."),
    ("Results", "Updating", "What was changed in the model, if anything."),
    ("Discussion", "Interpretation", "What the results mean beside earlier studies."),
    ("Discussion", "Limitations", "Sample, bias, overfitting, missing data, generality."),
    ("Discussion", "Use in care", "Poor input, the user's skill, what comes next."),
)


def fill_checklist(evaluation: Evaluation, limits: tuple[str, ...]) -> tuple[Item, ...]:
    """Answer what bundle, data set and results answer; nothing is answered completely by them."""
    answers = {**_of_methods(evaluation), **_of_results(evaluation)}
    answers[26] = " ".join(limits)
    items = []
    for number, (section, topic, asks) in enumerate(_ITEMS, start=1):
        answer = answers.get(number, "")
        items.append(
            Item(number, section, topic, asks, answer or OPEN, "partly" if answer else "open")
        )
    return tuple(items)


def _of_methods(evaluation: Evaluation) -> dict[int, str]:
    facts = evaluation.facts
    rule = f"Rule {facts.rule}, cut-off {facts.rule_cut_off:.4g}, basis: {facts.rule_basis}."
    return {
        4: f"Evaluation of the bundle {facts.bundle} on existing annotations; nothing was fitted.",
        5: f"{facts.dataset}. Source: {facts.dataset_source or 'not stated'}. Dates: not known.",
        6: _participants(evaluation),
        7: "The product's own path for every cell: decoding, locating, quality gate, "
        "preprocessing. Refused images and flagged cells are counted below.",
        8: "Labels of single cells as the data set holds them; groups of patients as it names "
        "them. Who judged, and blinded to what: not known.",
        9: "One image of each cell; for patients the four shares of counted PMN with an "
        "abnormality.",
        11: _missing(evaluation),
        12: f"Split: {facts.split}. ROC-AUC, PR-AUC, F1, shares at fixed thresholds, calibration; "
        f"percentile bootstrap ({facts.resamples} resamples) over patients where they are named; "
        f"exact intervals for patients; rank-sum tests, corrected: {facts.correction}.",
        13: "None was done here; the prevalence stands beside every figure.",
        15: "Five probabilities a cell, called at the bundle's thresholds "
        + ", ".join(f"{name} {value:.4g}" for name, value in facts.thresholds.items())
        + f". {rule}",
        16: f"Trained on: {'; '.join(facts.training_data)}. {facts.independence.sentence}",
        18: f"Data: {facts.dataset_licence or 'licence not stated'}. Code: Vexascope "
        f"{facts.versions['vexascope']} (Apache-2.0). Funding, interests, protocol and "
        "registration: not known.",
    }


def _of_results(evaluation: Evaluation) -> dict[int, str]:
    facts = evaluation.facts
    return {
        20: _flow(evaluation),
        21: " ".join(_numbers(origin) for origin in evaluation.origins),
        22: f"The bundle is the model: {facts.bundle}, digest {facts.bundle_digest}.",
        23: "In this report, with intervals; by centre where several are named, and by picture "
        "quality. Age, sex and treatment are not in the data format.",
        24: "None.",
        27: "Cells with a quality flag are left out of the product's count, and shown apart here. "
        "Too few PMN give no score. The rest: to be filled by the authors.",
    }


def _participants(evaluation: Evaluation) -> str:
    centres = sorted({centre for origin in evaluation.origins for centre in origin.centres})
    groups = sorted({g.group for o in evaluation.origins for g in o.groups if g.group})
    named = f"Centres: {', '.join(centres) or 'not named'}. Groups: {', '.join(groups) or 'none'}."
    return f"{named} Eligibility and treatment: not known."


def _missing(evaluation: Evaluation) -> str:
    unknown = sum(label.unknown for origin in evaluation.origins for label in origin.labels)
    return (
        f"Unknown labels ({unknown} of cells times labels) were left out, label by label; nothing "
        "was imputed. Why they are missing: not known."
    )


def _flow(evaluation: Evaluation) -> str:
    parts = []
    for origin in evaluation.origins:
        refused = origin.cells - origin.read
        excluded = sum(origin.excluded.values())
        parts.append(
            f"{origin.origin.capitalize()}: {origin.cells} cells of {origin.patients} named "
            f"patients, {refused} refused, {excluded} read but left out of the product's count."
        )
    return " ".join(parts)


def _numbers(origin: OriginResult) -> str:
    known = "; ".join(f"{label.label} {label.positives} of {label.n}" for label in origin.labels)
    return f"{origin.origin.capitalize()} cells, positives of known labels: {known}."
