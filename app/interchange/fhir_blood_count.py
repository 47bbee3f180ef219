"""What the requester knows of the blood, as LOINC codes and UCUM units: both ways."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.interchange.codes import LOINC, Code


@dataclass(frozen=True)
class Measure:
    """One field of the clinical context.

    Parameters
    ----------
    codes
        That are understood; the first is sent.
    units
        UCUM units that are understood, with what a value in them is divided by to be in the
        field's own unit; the first is the field's own, and is sent.
    """

    codes: tuple[Code, ...]
    units: Mapping[str, float]


_PER_LITRE = {"10*9/L": 1.0, "10*3/uL": 1.0}
MEASURES: Mapping[str, Measure] = {
    "age_years": Measure((Code(LOINC, "30525-0", "Age"),), {"a": 1.0}),
    "haemoglobin_g_dl": Measure(
        (Code(LOINC, "718-7", "Hemoglobin [Mass/volume] in Blood"),), {"g/dL": 1.0, "g/L": 10.0}
    ),
    "mcv_fl": Measure(
        (Code(LOINC, "787-2", "MCV [Entitic mean volume] in Red Blood Cells by Automated count"),),
        {"fL": 1.0},
    ),
    "platelets_10e9_l": Measure(
        (
            Code(LOINC, "777-3", "Platelets [#/volume] in Blood by Automated count"),
            Code(LOINC, "26515-7", "Platelets [#/volume] in Blood"),
        ),
        _PER_LITRE,
    ),
    "neutrophils_10e9_l": Measure(
        (
            Code(LOINC, "751-8", "Neutrophils [#/volume] in Blood by Automated count"),
            Code(LOINC, "26499-4", "Neutrophils [#/volume] in Blood"),
        ),
        _PER_LITRE,
    ),
}
