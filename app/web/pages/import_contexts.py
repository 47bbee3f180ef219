"""What the template of the import of a case may know."""

from dataclasses import dataclass

from app.web.pages.contexts import FormField


@dataclass(frozen=True)
class ImportPage:
    """case_import.html; `same_patient` is whether that box is ticked."""

    fields: tuple[FormField, ...]
    same_patient: bool
    error: str | None
