"""Templates to responses: each renders one frozen context as `page`, and the frame's `chrome`."""

import hashlib
import re
from collections.abc import Mapping
from functools import cache

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from app.domain.access import ADMINISTERING, Permission
from app.domain.report import RESEARCH_USE_NOTICE
from app.domain.user import Theme, User
from app.settings import PROJECT
from app.web.idle import idle_s
from app.web.language import Language, current_language, gettext, ngettext, translated
from app.web.pages import wording
from app.web.pages.card_markup import card_markup
from app.web.pages.contexts import Choice, Chrome

TEMPLATES = PROJECT / "templates"
STATIC = PROJECT / "static"
_INDENTATION = re.compile(r"\s*\n\s*")


@cache
def environment() -> Environment:
    """The one environment: everything is escaped, and a name that is not there is an error."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    # Both ask for the language when a page is rendered, not when it is compiled.
    made.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    made.filters["count"] = wording.count
    made.filters["squeezed"] = squeezed
    made.filters["marked_up"] = card_markup
    return made


def squeezed(html: Markup) -> Markup:
    """HTML without its indentation: a page of 500 cells has hundreds of kilobytes of it."""
    # Only what the templates indent; what people wrote is no part of a card but in attributes.
    return Markup(_INDENTATION.sub("\n", html))  # noqa: S704 - it was escaped before


def chrome(
    title: str, user: User | None, notice: str | None = None, *, is_first: bool = False
) -> Chrome:
    """The frame of a page; the tour is shown on the first one after signing in."""
    return Chrome(
        title=title,
        user_name=user.name if user else None,
        origin_notice=translated(notice) if notice else None,
        research_use_notice=translated(RESEARCH_USE_NOTICE),
        language=current_language().value,
        theme=user.theme.value if user else Theme.SYSTEM.value,
        languages=tuple(
            Choice(item.value, item.own_name, item is current_language()) for item in Language
        ),
        shows_tour=bool(is_first and user and not user.tour_seen),
        asset_version=asset_version(),
        opens_cases=bool(user and user.may(Permission.OPEN_CASES)),
        administers=bool(user and user.permissions & ADMINISTERING),
        idle_s=idle_s() if user else None,
    )


def render(
    template: str,
    page: object,
    frame: Chrome | None = None,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """Render a page, or without a frame a fragment.

    Nothing is kept in the browser's cache: after signing out, the way back shows no patient.
    """
    names = {"page": page} if frame is None else {"page": page, "chrome": frame}
    content = environment().get_template(template).render(names)
    return HTMLResponse(content, int(status), {"Cache-Control": "no-store", **(headers or {})})


@cache
def asset_version() -> str:
    """Changes with any static file, so that browsers may keep them for good."""
    digest = hashlib.sha256()
    for path in sorted(STATIC.rglob("*")):
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
