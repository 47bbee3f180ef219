"""Made-up cohorts for tests."""

import csv

import numpy as np

from app.domain.abnormality import Abnormality
from app.domain.classifier_error import ClassifierError
from app.training.screening.cohort import LABELS, Cohort, Part

MEANS = {"VEXAS": (0.15, 0.3, 0.15, 0.25), "control": (0.05, 0.1, 0.05, 0.08)}


def errors(sensitivity=0.9, specificity=0.95):
    """The same error on each abnormality."""
    return dict.fromkeys(Abnormality, ClassifierError(sensitivity, specificity, "drawn cells"))


def make_cohort(each=12, *, seed=0, pmn=150, means=MEANS, correction=None, test_each=0):
    """So many patients of each group, read by an erring classifier."""
    # Two streams: the same patients, however they are read.
    patients, reading = np.random.default_rng(seed), np.random.default_rng(seed + 1000)
    groups, parts, calls = [], [], []
    for part, number in ((Part.TRAIN, each), (Part.TEST, test_each)):
        for group, mean in means.items():
            for _ in range(number):
                share = patients.beta(np.array(mean) * 12, (1 - np.array(mean)) * 12)
                calls.append(reading.binomial(pmn, seen(share, correction)))
                groups.append(group)
                parts.append(part)
    number = len(groups)
    return Cohort(
        patients=tuple(f"p{index}" for index in range(number)),
        groups=tuple(groups),
        centres=("A",) * number,
        parts=tuple(parts),
        pmn=np.full(number, pmn, np.int64),
        calls=np.array(calls, np.int64),
        simulated=False,
    )


def seen(share, correction):
    """The share that an erring classifier calls."""
    if correction is None:
        return share
    rates = [(correction[label].sensitivity, correction[label].specificity) for label in correction]
    sensitivity, specificity = np.array(rates).T
    return share * sensitivity + (1 - share) * (1 - specificity)


def write_rows(path, rows, names=("patient", "group", "pmn", *LABELS), separator=","):
    """A CSV file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=separator)
        writer.writerow(names)
        writer.writerows(rows)
    return path
