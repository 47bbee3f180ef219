"""What each template may know: one frozen dataclass a template, with everything in words."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Chrome:
    """The frame around every page.

    Parameters
    ----------
    origin_notice
        That the case shown is not a patient's.
    asset_version
        Part of every static file's address.
    """

    title: str
    user_name: str | None
    origin_notice: str | None
    research_use_notice: str
    asset_version: str


@dataclass(frozen=True)
class FailurePage:
    """failure.html."""

    status: int
    title: str
    detail: str
    request_id: str
