"""An interpretation that could not be kept, beside the one that stands there."""

from dataclasses import replace
from datetime import datetime

from app.domain.case import Case
from app.domain.errors import VexascopeError
from app.domain.report import Interpretation
from app.web.language import translated
from app.web.pages.present import case_head, case_path
from app.web.pages.present_signing import editor_of, interpretation_part, seen_mark
from app.web.pages.signing_contexts import InterpretationPage


def interpretation_page(
    case: Case,
    typed: str,
    seen: str,
    current: Interpretation | None,
    error: VexascopeError,
    now: datetime,
) -> InterpretationPage:
    """Both texts. The form replaces the other's text only from here, where it can be read."""
    is_other = seen != seen_mark(current)
    return InterpretationPage(
        head=case_head(case, now),
        report_path=f"{case_path(case.id)}/report",
        error=translated(error.detail),
        editor=replace(editor_of(case.id, current), text=typed),
        current=interpretation_part(current, now) if is_other else None,
    )
