"""What a person chooses for themselves: printed name, language, brightness, the tour."""

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request, Response
from pydantic import BaseModel

from app.bootstrap import Container
from app.domain.case import MAX_NAME_LENGTH
from app.domain.message import message
from app.domain.user import Theme, User
from app.web.dependencies import ContainerDep, SecurityDep, UserDep
from app.web.language import Language, gettext, translated
from app.web.origins import refuse_cross_site
from app.web.pages.contexts import Choice, FieldGroup, FormField, PreferencesPage
from app.web.pages.navigation import HOME, local_path, see_other
from app.web.pages.rendering import chrome, render
from app.web.pages.wording import count
from app.web.security import is_signed_in, keep_language

router = APIRouter()

_THEMES = {
    Theme.SYSTEM: message("As the system"),
    Theme.LIGHT: message("Light"),
    Theme.DARK: message("Dark"),
}


class PreferencesForm(BaseModel):
    """What was sent, as text."""

    full_name: str = ""
    language: str = ""
    theme: str = Theme.SYSTEM.value
    tour: str = ""


@router.get("/preferences")
def show_preferences(user: UserDep, *, saved: bool = False) -> Response:
    """What holds now."""
    return _page(user, _form_of(user), {}, saved=saved)


@router.post("/preferences")
def save_preferences(
    request: Request,
    container: ContainerDep,
    user: UserDep,
    form: Annotated[PreferencesForm, Form()],
) -> Response:
    """Store them, or say on the form why not."""
    form = form.model_copy(update={"full_name": form.full_name.strip()})
    if errors := _errors(form):
        return _page(user, form, errors, saved=False)
    chosen = replace(
        user,
        full_name=form.full_name or None,
        language=form.language or None,
        theme=Theme(form.theme),
        tour_seen=user.tour_seen and not form.tour,
    )
    _store(container, user, chosen)
    keep_language(request, form.language)
    return see_other("/preferences?saved=true")


@router.post("/preferences/tour")
def dismiss_tour(request: Request, container: ContainerDep, user: UserDep) -> Response:
    """Never show the tour again, unless it is asked for."""
    _store(container, user, replace(user, tour_seen=True))
    return see_other(_way_back(request))


@router.post("/language")
def choose_language(
    request: Request,
    container: ContainerDep,
    security: SecurityDep,
    language: Annotated[Language, Form()],
) -> Response:
    """Speak it from here on; who is signed in finds it again next time."""
    refuse_cross_site(request)
    if is_signed_in(request):
        user = security.user_of(request)
        _store(container, user, replace(user, language=language.value))
    keep_language(request, language.value)
    return see_other(_way_back(request))


def _store(container: Container, user: User, chosen: User) -> None:
    """A printed name stands under signatures, so the audit keeps which it was before."""
    with container.transactions() as transaction:
        transaction.users.set_preferences(chosen)
        if chosen.full_name != user.full_name:
            transaction.audit.note(
                "account.preferences",
                subject=f"user:{user.id}",
                before={"full_name": user.full_name},
                after={"full_name": chosen.full_name},
            )


def _way_back(request: Request) -> str:
    """The page that the form stood on."""
    address = urlsplit(request.headers.get("referer", ""))
    if address.netloc != request.url.netloc:
        return HOME
    path = f"{address.path}?{address.query}" if address.query else address.path
    return local_path(path) or HOME


def _form_of(user: User) -> PreferencesForm:
    return PreferencesForm(
        full_name=user.full_name or "", language=user.language or "", theme=user.theme.value
    )


def _errors(form: PreferencesForm) -> dict[str, str]:
    errors = {}
    if len(form.full_name) > MAX_NAME_LENGTH:
        text = gettext("{label} is longer than {most} characters. Shorten it.")
        errors["full_name"] = text.format(label=gettext("Full name"), most=count(MAX_NAME_LENGTH))
    elif not form.full_name.isprintable():
        text = gettext("{label} holds a control character. Type it again.")
        errors["full_name"] = text.format(label=gettext("Full name"))
    if form.language not in {"", *Language}:
        errors["language"] = gettext("Choose one of the list.")
    if form.theme not in set(Theme):
        errors["theme"] = gettext("Choose one of the list.")
    return errors


def _page(user: User, form: PreferencesForm, errors: Mapping[str, str], *, saved: bool) -> Response:
    page = preferences_page(form, errors, saved=saved, tour_seen=user.tour_seen)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK
    return render("preferences.html", page, chrome(gettext("Preferences"), user), status=status)


def preferences_page(
    form: PreferencesForm, errors: Mapping[str, str], *, saved: bool, tour_seen: bool
) -> PreferencesPage:
    """The form, with what was sent and the errors beside it."""
    fields = (
        _field("full_name", gettext("Full name"), form.full_name, errors),
        _field("language", gettext("Language"), form.language, errors, _languages(form.language)),
        _field("theme", gettext("Brightness"), form.theme, errors, _themes(form.theme)),
    )
    return PreferencesPage(
        group=FieldGroup(gettext("How Vexascope speaks and looks to you"), fields),
        error_count=len(errors),
        saved=saved,
        tour_seen=tour_seen,
    )


def _languages(chosen: str) -> tuple[Choice, ...]:
    spoken = (Choice(item.value, item.own_name, item.value == chosen) for item in Language)
    return (Choice("", gettext("As the browser"), not chosen), *spoken)


def _themes(chosen: str) -> tuple[Choice, ...]:
    return tuple(
        Choice(theme.value, translated(title), theme.value == chosen)
        for theme, title in _THEMES.items()
    )


def _field(
    name: str, label: str, value: str, errors: Mapping[str, str], choices: tuple[Choice, ...] = ()
) -> FormField:
    return FormField(
        name=name,
        label=label,
        kind="select" if choices else "text",
        value=value,
        unit=None,
        hint=None if choices else gettext("As it is printed under your signature."),
        error=errors.get(name),
        required=False,
        choices=choices,
    )
