"""Reference pictures of each abnormality, with what it is in a line."""

from pathlib import Path

from app.domain.abnormality import Abnormality
from app.domain.message import message
from app.services.reference_pictures import NORMAL, PICTURES_DRAWN, SUBJECTS, own_pictures
from app.web.language import gettext, translated
from app.web.pages.gallery_contexts import ReferencePicture

_TITLES = {
    **{label.value: label.wording for label in Abnormality},
    NORMAL: message("Normal neutrophil"),
}
_DEFINITIONS = {
    Abnormality.PSEUDO_PELGER: message(
        "Two round lobes joined by a thin filament, or one round nucleus; chromatin dense and "
        "clumped. A band nucleus is not one."
    ),
    Abnormality.NUCLEAR_SPIKE: message(
        "Thin pointed projections of the nucleus. A drumstick, with its round head, is not one."
    ),
    Abnormality.VACUOLE: message(
        "Round, sharply bounded clear holes in the cytoplasm, or over the nucleus."
    ),
    Abnormality.HYPOGRANULARITY: message(
        "Cytoplasm pale or grey-blue, with few or no granules. Compare with the other cells of the "
        "same smear."
    ),
    NORMAL: message("Two to five lobes, pink cytoplasm with fine granules."),
}


def references(folder: Path | None) -> tuple[ReferencePicture, ...]:
    """One line for each abnormality, and one for a normal cell."""
    return tuple(_reference(subject, len(own_pictures(folder, subject))) for subject in SUBJECTS)


def _reference(subject: str, own_count: int) -> ReferencePicture:
    return ReferencePicture(
        title=translated(_TITLES[subject]),
        definition=translated(_DEFINITIONS[subject]),
        paths=tuple(
            f"/reference/{subject}.png?number={number}"
            for number in range(own_count or PICTURES_DRAWN)
        ),
        source=gettext("Pictures of this laboratory")
        if own_count
        else gettext("Drawn by a program"),
    )
