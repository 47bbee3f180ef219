"""A ServiceRequest as a laboratory's system sends it."""

from typing import Any

LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"
ACCESSION = {
    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "ACSN"}]
}


def observation(key: str, loinc: str, value: float, unit: str) -> dict[str, Any]:
    """A measured value that goes with an order."""
    return {
        "resourceType": "Observation",
        "id": key,
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": loinc}]},
        "valueQuantity": {"value": value, "unit": unit, "system": UCUM, "code": unit},
    }


PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p",
    "identifier": [{"system": "https://lab.example/patients", "value": "P-0042"}],
    "name": [{"family": "Example", "given": ["Anna"]}],
    "gender": "female",
    "birthDate": "1955-06-30",
}
SPECIMEN: dict[str, Any] = {
    "resourceType": "Specimen",
    "id": "s",
    "accessionIdentifier": {"value": "B26-0417"},
    "subject": {"reference": "#p"},
}
ORDER: dict[str, Any] = {
    "resourceType": "ServiceRequest",
    "contained": [
        PATIENT,
        SPECIMEN,
        # 91 g/L are 9.1 g/dL.
        observation("hb", "718-7", 91, "g/L"),
        observation("mcv", "787-2", 108, "fL"),
        observation("plt", "777-3", 121, "10*3/uL"),
    ],
    "identifier": [
        {
            "type": ACCESSION,
            "system": "https://lab.example/accessions",
            "value": "B26-0417",
        }
    ],
    "status": "active",
    "intent": "order",
    "code": {"text": "Blood smear, VEXAS?"},
    "subject": {"reference": "#p"},
    "specimen": [{"reference": "#s"}],
    "reasonCode": [{"text": "Macrocytic anaemia"}],
    "note": [{"text": "VEXAS?"}],
    "supportingInfo": [{"reference": "#hb"}, {"reference": "#mcv"}, {"reference": "#plt"}],
}
