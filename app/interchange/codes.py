"""The codes that other systems know a result by, and the local ones that are declared.

LOINC has names for most findings on a neutrophil, each as a presence judged by eye; it has none for
a share of counted cells, for nuclear spikes, or for the score. So every result carries a local
code, which says exactly what was measured, and beside it the LOINC code of the nearest finding.
`docs/decisions/0018-fhir.md` says why.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.domain.abnormality import Abnormality
from app.domain.finding import Exclusion
from app.domain.report import RESEARCH_USE_NOTICE
from app.domain.screening import Recommendation

LOINC: Final = "http://loinc.org"
SNOMED: Final = "http://snomed.info/sct"
UCUM: Final = "http://unitsofmeasure.org"
_HL7: Final = "http://terminology.hl7.org/CodeSystem"

LOCAL: Final = "urn:vexascope:code-system:smear"
ACCOUNTS: Final = "urn:vexascope:account"
BUNDLE_DIGESTS: Final = "urn:vexascope:bundle-sha256"
PIXEL_DIGESTS: Final = "urn:vexascope:pixel-sha256"
REPORT_DIGESTS: Final = "urn:vexascope:report-sha256"


@dataclass(frozen=True)
class Namespaces:
    """The systems of the laboratory's own numbers, as other systems know them."""

    accession_numbers: str = "urn:vexascope:accession-number"
    patient_identifiers: str = "urn:vexascope:patient-identifier"


@dataclass(frozen=True)
class Code:
    """One code of a system, with the system's own words for it."""

    system: str
    code: str
    display: str


SMEAR_PANEL = Code(LOINC, "58407-8", "Leukocyte morphology panel - Blood")
INTERPRETATION = Code(LOINC, "18314-5", "Morphology [Interpretation] in Blood Narrative")
UBA1_TEST = Code(LOINC, "104268-8", "UBA1 gene mutation in Specimen by Molecular genetics method")
NEAREST_LOINC: Mapping[Abnormality, Code | None] = {
    Abnormality.PSEUDO_PELGER: Code(
        LOINC, "18311-1", "Pelger Huet cells [Presence] in Blood by Light microscopy"
    ),
    Abnormality.NUCLEAR_SPIKE: None,
    Abnormality.VACUOLE: Code(
        LOINC, "18319-4", "Neutrophils.vacuolated [Presence] in Blood by Light microscopy"
    ),
    Abnormality.HYPOGRANULARITY: Code(
        LOINC, "33215-5", "Neutrophils.agranular [Presence] in Blood by Light microscopy"
    ),
}

LABORATORY = Code(f"{_HL7}/observation-category", "laboratory", "Laboratory")
LABORATORY_PROCEDURE = Code(SNOMED, "108252007", "Laboratory procedure")
HAEMATOLOGY = Code(f"{_HL7}/v2-0074", "HM", "Hematology")
WHOLE_BLOOD = Code(f"{_HL7}/v2-0487", "BLD", "Whole blood")
ACCESSION = Code(f"{_HL7}/v2-0203", "ACSN", "Accession ID")
SITES = "urn:vexascope:site"
"""Of the names of sites, by which an order says which laboratory is meant."""
PLACER = Code(f"{_HL7}/v2-0203", "PLAC", "Placer Identifier")
FILLER = Code(f"{_HL7}/v2-0203", "FILL", "Filler Identifier")
MEDICAL_RECORD = Code(f"{_HL7}/v2-0203", "MR", "Medical record number")
PATIENT_INTERNAL = Code(f"{_HL7}/v2-0203", "PI", "Patient internal identifier")
IMAGE = Code(f"{_HL7}/media-type", "image", "Image")
TEST_DATA = Code(f"{_HL7}/v3-ActReason", "HTEST", "test health data")
NOT_KNOWN_YET = Code(f"{_HL7}/data-absent-reason", "temp-unknown", "Temporarily Unknown")
NOT_KNOWN = Code(f"{_HL7}/data-absent-reason", "unknown", "Unknown")
CREATED = Code(f"{_HL7}/v3-DataOperation", "CREATE", "create")
UPDATED = Code(f"{_HL7}/v3-DataOperation", "UPDATE", "revise")
LEGAL = Code(f"{_HL7}/provenance-participant-type", "legal", "Legal Authenticator")
ASSEMBLER = Code(f"{_HL7}/provenance-participant-type", "assembler", "Assembler")
APPROVAL = Code("urn:iso-astm:E1762-95:2013", "1.2.840.10065.1.12.1.5", "Verification Signature")


class Local(StrEnum):
    """Local codes that no value of the domain stands for already."""

    PMN_COUNT = "pmn_count"
    EXCLUDED_CELLS = "excluded_cells"
    SCREENING_SCORE = "screening_score"
    RECOMMENDATION = "recommendation"
    COUNT = "count"
    TOTAL = "total"
    INTERVAL_95 = "interval_95"
    THRESHOLD = "threshold"
    CORRECTED_PROPORTION = "corrected_proportion"
    CORRECTED_INTERVAL_95 = "corrected_interval_95"
    SENSITIVITY = "sensitivity"
    SPECIFICITY = "specificity"
    REVIEWED_PMN_COUNT = "reviewed_pmn_count"
    CUT_OFF = "cut_off"
    BASELINE_LOG_ODDS = "baseline_log_odds"
    CLASSIFIER = "classifier"
    CLASSIFIER_AND_READER = "classifier_and_reader"
    RESEARCH_USE = "research_use"


@dataclass(frozen=True)
class Concept:
    """A code of the local system: what it is called, and what it means."""

    code: str
    display: str
    definition: str


def local(code: StrEnum | str) -> Code:
    """A local code with its words.

    Raises
    ------
    KeyError
        If it is not declared.
    """
    concept = _BY_CODE[str(code)]
    return Code(LOCAL, concept.code, concept.display)


def contribution(label: Abnormality) -> Code:
    """What one abnormality adds to the score."""
    return local(f"contribution_{label.value}")


_LOCAL_MEANINGS: Mapping[Local, tuple[str, str]] = {
    Local.PMN_COUNT: (
        "Counted PMN",
        "Polymorphonuclear neutrophils that are counted: the denominator of every proportion.",
    ),
    Local.EXCLUDED_CELLS: (
        "Cells left out of the count",
        "Cells that are not counted, with one component for each reason.",
    ),
    Local.SCREENING_SCORE: (
        "Screening score for VEXAS syndrome from the smear",
        "0-1; it ranks cases and is not a probability of VEXAS syndrome.",
    ),
    Local.RECOMMENDATION: (
        "What the smear recommends on UBA1 testing",
        "One of three outcomes. None of them rules VEXAS syndrome out.",
    ),
    Local.COUNT: ("Count", "Counted PMN that show the abnormality."),
    Local.TOTAL: ("Denominator", "Counted PMN."),
    Local.INTERVAL_95: (
        "95 % interval",
        "Of a proportion by Wilson's score method; of the score by the percentile bootstrap over "
        "the cells that were read.",
    ),
    Local.THRESHOLD: ("Threshold", "The classifier's probability from which a cell is called."),
    Local.CORRECTED_PROPORTION: (
        "Corrected proportion",
        "The proportion corrected for the classifier's error (Rogan and Gladen 1978), which enters "
        "the score.",
    ),
    Local.CORRECTED_INTERVAL_95: (
        "Corrected 95 % interval",
        "The ends of the proportion's 95 % interval, corrected in the same way.",
    ),
    Local.SENSITIVITY: (
        "Sensitivity of the classifier",
        "Share of the cells with the abnormality that are called.",
    ),
    Local.SPECIFICITY: (
        "Specificity of the classifier",
        "Share of the cells without the abnormality that are not called.",
    ),
    Local.REVIEWED_PMN_COUNT: ("PMN looked at", "Counted PMN that a reader has looked at."),
    Local.CUT_OFF: ("Cut-off", "Score from which UBA1 testing is recommended."),
    Local.BASELINE_LOG_ODDS: (
        "Baseline log-odds",
        "Of the score at the controls' mean proportions; with the contributions it adds up to the "
        "score's log-odds.",
    ),
    Local.CLASSIFIER: ("Image classifier", "Called by the image classifier alone."),
    Local.CLASSIFIER_AND_READER: (
        "Image classifier and reader",
        "Called by the image classifier; a reader's decision counts where one has looked.",
    ),
    Local.RESEARCH_USE: ("Research use only", str(RESEARCH_USE_NOTICE)),
}
_ABNORMALITY_MEANING = (
    "Share of the counted PMN that show it, 0-1. The LOINC code beside it names the nearest "
    "finding, as a presence judged by eye."
)
CONCEPTS: tuple[Concept, ...] = (
    *(Concept(label.value, str(label.wording), _ABNORMALITY_MEANING) for label in Abnormality),
    *(
        Concept(
            f"contribution_{label.value}",
            f"Contribution: {label.wording}",
            "Log-odds that it adds to the score, against the controls' mean.",
        )
        for label in Abnormality
    ),
    *(Concept(code.value, *_LOCAL_MEANINGS[code]) for code in Local),
    *(
        Concept(outcome.value, str(outcome.wording), f"{outcome.wording}. {RESEARCH_USE_NOTICE}")
        for outcome in Recommendation
    ),
    *(
        Concept(reason.value, str(reason.wording), "Why a cell is not counted.")
        for reason in Exclusion
    ),
)
"""Every local code; `/fhir/CodeSystem/smear` shows them."""
_BY_CODE = {concept.code: concept for concept in CONCEPTS}
