"""Sentences for the interpretation, which a button inserts.

They are cautious: a smear never excludes VEXAS (Lacombe 2024, PMID 38302223). They hold no numbers:
what a reader changes later would leave a wrong one in the text. French is in the catalogue.
"""

from app.domain.message import message
from app.web.language import translated
from app.web.pages.signing_contexts import Snippet

_SNIPPETS = (
    (
        message("Compatible with VEXAS"),
        message(
            "The changes of the neutrophils are compatible with VEXAS syndrome. UBA1 sequencing "
            "is recommended."
        ),
    ),
    (
        message("No marked change"),
        message(
            "No marked change of the neutrophils was seen in this smear. It does not exclude "
            "VEXAS syndrome: UBA1 sequencing remains indicated where the clinic suggests it."
        ),
    ),
    (
        message("Too few cells"),
        message(
            "Too few neutrophils could be judged. This smear neither supports VEXAS syndrome nor "
            "speaks against it; another smear is advised."
        ),
    ),
    (
        message("Quality limits"),
        message(
            "The quality of stain or pictures limits what can be said of granules and vacuoles."
        ),
    ),
    (
        message("Other causes"),
        message(
            "Pseudo-Pelger nuclei and hypogranular neutrophils also occur in myelodysplastic "
            "neoplasms, with some drugs and in severe infection. They are to be read with the "
            "clinical picture and the bone marrow."
        ),
    ),
    (
        message("Bone marrow"),
        message(
            "If the bone marrow is examined, vacuoles should be looked for in myeloid and "
            "erythroid precursors."
        ),
    ),
)


def snippets() -> tuple[Snippet, ...]:
    """All of them in the language of the request."""
    return tuple(Snippet(translated(title), translated(text)) for title, text in _SNIPPETS)
