"""What the pages about bundles, comparisons and control slides may know."""

from dataclasses import dataclass

from app.web.pages.contexts import CaseHead, FormField, Moment


@dataclass(frozen=True)
class ReclassificationRow:
    """A case was given from one bundle to another."""

    at: Moment
    by: str
    before: str
    after: str
    reason: str


@dataclass(frozen=True)
class ReclassifyPage:
    """reclassify.html: have a case classified by another bundle.

    Parameters
    ----------
    fields
        Which bundle, and why; empty where no other bundle is installed.
    is_signed
        Whether an amendment is opened by it.
    error
        Why nothing was done.
    """

    head: CaseHead
    path: str
    report_path: str
    current_title: str
    current_digest: str
    fields: tuple[FormField, ...]
    is_signed: bool
    error: str | None
    handed: tuple[ReclassificationRow, ...]
