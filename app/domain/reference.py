"""The cohort behind a screening rule, as distributions of what the classifier called."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from app.domain.abnormality import Abnormality
from app.domain.errors import InvalidInput

REFERENCE_LEVELS = (0, 5, 10, 25, 50, 75, 90, 95, 100)
"""Of which per cent of the patients a rule gives the quantile."""
_FIELD = "cohort.distributions"


@dataclass(frozen=True)
class ReferenceGroup:
    """The patients of one group that a rule was fitted on.

    Parameters
    ----------
    is_positive
        Whether the rule shall find the group; all others are controls.
    quantiles
        For each abnormality the quantiles, at `REFERENCE_LEVELS`, of the patients' apparent
        proportions (0-1): shares of the counted PMN that the classifier called, not corrected.
    """

    name: str
    patient_count: int
    is_positive: bool
    quantiles: Mapping[Abnormality, tuple[float, ...]]

    def quantile(self, label: Abnormality, level: int) -> float:
        """The apparent proportion (0-1) that `level` per cent of the patients do not exceed.

        Raises
        ------
        ValueError
            If the level is none of `REFERENCE_LEVELS`.
        """
        return self.quantiles[label][REFERENCE_LEVELS.index(level)]


def parse_reference(cohort: Mapping[str, Any]) -> tuple[ReferenceGroup, ...]:
    """Read the distributions of the `cohort` part of `screening.json`; a rule may have none.

    Groups to be found come first.

    Raises
    ------
    InvalidInput
        With a sentence that names the field.
    """
    if "distributions" not in cohort:
        return ()
    content = cohort["distributions"]
    if not isinstance(content, Mapping) or content.get("levels_percent") != list(REFERENCE_LEVELS):
        raise InvalidInput(f"{_FIELD}.levels_percent must be {list(REFERENCE_LEVELS)}.")
    groups = content.get("groups")
    if not isinstance(groups, list) or not groups:
        raise InvalidInput(f"{_FIELD}.groups must list at least one group.")
    parsed = [_group(group, f"{_FIELD}.groups[{index}]") for index, group in enumerate(groups)]
    return tuple(sorted(parsed, key=lambda group: not group.is_positive))


def _group(content: object, where: str) -> ReferenceGroup:
    if not isinstance(content, Mapping):
        raise InvalidInput(f"{where} must hold name, patients, positive and quantiles.")
    name, patients, positive = (content.get(key) for key in ("name", "patients", "positive"))
    if not isinstance(name, str) or not name.strip():
        raise InvalidInput(f"{where}.name must name the group.")
    if not isinstance(patients, int) or isinstance(patients, bool) or patients < 1:
        raise InvalidInput(f"{where}.patients must be a whole number from 1.")
    if not isinstance(positive, bool):
        raise InvalidInput(f"{where}.positive must be true or false.")
    quantiles = content.get("quantiles")
    if not isinstance(quantiles, Mapping):
        raise InvalidInput(f"{where}.quantiles must hold one list for each abnormality.")
    return ReferenceGroup(
        name,
        patients,
        positive,
        {
            label: _quantiles(quantiles, label, f"{where}.quantiles.{label}")
            for label in Abnormality
        },
    )


def _quantiles(content: Mapping[str, Any], label: Abnormality, where: str) -> tuple[float, ...]:
    values = content.get(label.value)
    if not isinstance(values, list) or not all(map(_is_share, values)):
        raise InvalidInput(f"{where} must list proportions from 0 to 1.")
    if len(values) != len(REFERENCE_LEVELS):
        raise InvalidInput(f"{where} must list {len(REFERENCE_LEVELS)} quantiles.")
    if any(low > high for low, high in pairwise(values)):
        raise InvalidInput(f"{where} must not fall from one quantile to the next.")
    return tuple(map(float, values))


def _is_share(value: object) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    # A comparison with NaN is false: it is refused as well.
    return 0 <= value <= 1
