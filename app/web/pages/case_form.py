"""The form of a new case: what was typed, what it means, and what is wrong with it."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel

from app.domain.case import CONTEXT_RANGES, MAX_NAME_LENGTH, ClinicalContext, NewCase, Sex
from app.domain.message import message
from app.web.language import gettext, localised, translated
from app.web.pages.contexts import Choice, FieldGroup, FormField, NewCasePage
from app.web.pages.present import MEASURED, SEXES, TOLD
from app.web.pages.wording import count

_LONGEST_TEXT = 2000
# Many laboratories write a decimal comma, and many separate thousands by one: before three digits
# it may be either, and a guess would be wrong a thousandfold.
_AMBIGUOUS_COMMA = re.compile(r",\d{3}(?!\d)")
_IDENTITY = {
    "accession_number": (message("Accession number"), True),
    "patient_identifier": (message("Patient identifier"), True),
    "patient_name": (message("Patient name"), False),
}
_HINTS = {
    "patient_identifier": message("A pseudonym, if your laboratory uses one."),
    "known_cytopenia": message("For example: anaemia since 2023."),
}


class CaseForm(BaseModel):
    """What was typed, as text: a wrong value is shown again, not lost."""

    accession_number: str = ""
    patient_identifier: str = ""
    patient_name: str = ""
    age_years: str = ""
    sex: str = ""
    haemoglobin_g_dl: str = ""
    mcv_fl: str = ""
    platelets_10e9_l: str = ""
    neutrophils_10e9_l: str = ""
    known_cytopenia: str = ""
    question: str = ""


@dataclass(frozen=True)
class ReadForm:
    """A case, or what is wrong with each field; exactly one of the two."""

    case: NewCase | None
    errors: Mapping[str, str] = field(default_factory=dict)


def read_form(form: CaseForm) -> ReadForm:
    """Check every field, so that all errors are shown at once."""
    values = {name: text.strip() for name, text in form.model_dump().items()}
    errors: dict[str, str] = {}
    for name, (label, required) in _IDENTITY.items():
        _check_text(name, label, values[name], errors, required=required)
    for name, label in TOLD.items():
        if len(values[name]) > _LONGEST_TEXT:
            errors[name] = _too_long(label, _LONGEST_TEXT)
    numbers = {name: _number(name, values[name], errors) for name in MEASURED}
    if values["sex"] and values["sex"] not in set(Sex):
        errors["sex"] = gettext("Choose one of the list.")
    if errors:
        return ReadForm(None, errors)
    return ReadForm(_new_case(values, numbers))


def form_page(
    form: CaseForm, errors: Mapping[str, str], conflict_path: str | None = None
) -> NewCasePage:
    """The form, with the values that were typed and the errors beside them."""
    values = form.model_dump()
    groups = (
        FieldGroup(
            gettext("Case"),
            tuple(
                _field(name, label, "text", values, errors, required=required)
                for name, (label, required) in _IDENTITY.items()
            ),
        ),
        FieldGroup(gettext("Clinical context (as far as known)"), _context_fields(values, errors)),
    )
    return NewCasePage(groups, len(errors), conflict_path)


def _check_text(
    name: str, label: str, text: str, errors: dict[str, str], *, required: bool
) -> None:
    if not text and required:
        errors[name] = gettext("{label} is needed.").format(label=translated(label))
    elif len(text) > MAX_NAME_LENGTH:
        errors[name] = _too_long(label, MAX_NAME_LENGTH)
    elif not text.isprintable():
        text = gettext("{label} holds a control character. Type it again.")
        errors[name] = text.format(label=translated(label))


def _too_long(label: str, most: int) -> str:
    text = gettext("{label} is longer than {most} characters. Shorten it.")
    return text.format(label=translated(label), most=count(most))


def _number(name: str, text: str, errors: dict[str, str]) -> float | None:
    if not text:
        return None
    low, high = CONTEXT_RANGES[name]
    if _AMBIGUOUS_COMMA.search(text):
        errors[name] = gettext(
            "A comma before three digits can be read in two ways. Leave out thousands separators, "
            "and write decimals with a point."
        )
        return None
    if "_" in text:
        errors[name] = gettext("Write the number in digits, with a point or comma before decimals.")
        return None
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        errors[name] = gettext("This is not a number.")
        return None
    if name == "age_years" and not value.is_integer():
        errors[name] = gettext("Give whole years.")
    elif not math.isfinite(value) or not low <= value <= high:
        errors[name] = gettext(
            "Must lie between {low} and {high} {unit}. Check the value and unit."
        ).format(
            low=localised(f"{low:g}"),
            high=localised(f"{high:g}"),
            unit=translated(MEASURED[name][1]),
        )
    return value


def _new_case(values: Mapping[str, str], numbers: Mapping[str, float | None]) -> NewCase:
    age = numbers["age_years"]
    return NewCase(
        accession_number=values["accession_number"],
        patient_identifier=values["patient_identifier"],
        patient_name=values["patient_name"] or None,
        context=ClinicalContext(
            age_years=None if age is None else int(age),
            sex=Sex(values["sex"]) if values["sex"] else None,
            haemoglobin_g_dl=numbers["haemoglobin_g_dl"],
            mcv_fl=numbers["mcv_fl"],
            platelets_10e9_l=numbers["platelets_10e9_l"],
            neutrophils_10e9_l=numbers["neutrophils_10e9_l"],
            known_cytopenia=values["known_cytopenia"] or None,
            question=values["question"] or None,
        ),
    )


def _context_fields(values: Mapping[str, str], errors: Mapping[str, str]) -> tuple[FormField, ...]:
    measured = [
        _field(name, label, "number", values, errors, unit=unit)
        for name, (label, unit) in MEASURED.items()
    ]
    told = [_field(name, label, "area", values, errors) for name, label in TOLD.items()]
    age, *counts = measured
    return (age, _sex_field(values, errors), *counts, *told)


def _sex_field(values: Mapping[str, str], errors: Mapping[str, str]) -> FormField:
    chosen = values["sex"]
    choices = (
        Choice("", gettext("Not given"), selected=not chosen),
        *(
            Choice(sex.value, translated(title), selected=sex.value == chosen)
            for sex, title in SEXES.items()
        ),
    )
    return _field("sex", gettext("Sex"), "select", values, errors, choices=choices)


def _field(
    name: str,
    label: str,
    kind: str,
    values: Mapping[str, str],
    errors: Mapping[str, str],
    *,
    unit: str | None = None,
    required: bool = False,
    choices: tuple[Choice, ...] = (),
) -> FormField:
    return FormField(
        name=name,
        label=translated(label),
        kind=kind,
        value=values[name],
        unit=translated(unit) if unit else None,
        hint=translated(_HINTS[name]) if name in _HINTS else None,
        error=errors.get(name),
        required=required,
        choices=choices,
    )
