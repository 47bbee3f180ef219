"""Webhooks: who is told of cases, and what became of each message."""

from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response
from pydantic import BaseModel

from app.bootstrap import Container
from app.domain.errors import Conflict, Forbidden, InvalidInput
from app.domain.message import message
from app.domain.outbox import Destination, EventType
from app.domain.site import DEFAULT_SITE_ID, Site
from app.domain.user import User
from app.domain.webhook import WebhookConfig, checked_overlap
from app.ports import Transaction
from app.services import webhooks
from app.services.webhooks import Made, WebhookForm
from app.web.dependencies import ContainerDep, UserDep
from app.web.language import gettext, ngettext, translated
from app.web.pages.destination_acts import message_acts
from app.web.pages.destination_reading import (
    MessagesQuery,
    done_text,
    looking,
    messages_of,
    state_of,
)
from app.web.pages.done import DoneDep
from app.web.pages.navigation import see_other
from app.web.pages.present_webhooks import (
    OVERLAP_HOURS,
    PATH,
    webhook_fields,
    webhook_page,
    webhooks_page,
)
from app.web.pages.rendering import chrome, render
from app.web.pages.webhook_contexts import WebhookFields, WebhookSecretPage
from app.web.pages.wording import count

router = APIRouter(prefix=PATH)

_REFUSED = (InvalidInput, Conflict, Forbidden)


class WebhookTyped(BaseModel):
    """What was typed, as text."""

    name: str = ""
    url: str = ""
    events: list[str] = []
    site: str = ""
    enabled: str = ""

    def to_service(self) -> WebhookForm:
        """What the service checks; raises `InvalidInput` for what no form sends."""
        try:
            site = UUID(self.site) if self.site else None
            events = frozenset(EventType(event) for event in self.events)
        except ValueError as error:
            raise InvalidInput(message("Choose one of the list.")) from error
        return WebhookForm(self.name, self.url, events, site, bool(self.enabled))


@router.get("")
def show_webhooks(container: ContainerDep, user: UserDep, done: DoneDep) -> Response:
    """Every webhook that the account sees, and the form of a new one."""
    return _list(container, user, WebhookForm("", "", frozenset(EventType)), done=done)


@router.post("")
def create_webhook(
    container: ContainerDep, user: UserDep, typed: Annotated[WebhookTyped, Form()]
) -> Response:
    """Make one, and show its secret; or say on the form why not."""
    form = typed.to_service()
    now = container.now()
    try:
        with container.transactions() as transaction:
            made = webhooks.make_webhook(transaction, user, form, container.sealer, now)
    except _REFUSED as error:
        return _list(container, user, form, error.detail)
    return _secret(made, user, None, HTTPStatus.CREATED)


@router.get("/{webhook_id}")
def show_webhook(
    container: ContainerDep,
    user: UserDep,
    webhook_id: UUID,
    query: Annotated[MessagesQuery, Query()],
) -> Response:
    """One webhook with its messages."""
    return _detail(container, user, webhook_id, query)


@router.post("/{webhook_id}")
def change_webhook(
    container: ContainerDep,
    user: UserDep,
    webhook_id: UUID,
    typed: Annotated[WebhookTyped, Form()],
) -> Response:
    """Store what was typed, or say on the form why not."""
    form = typed.to_service()
    try:
        with container.transactions() as transaction:
            webhooks.change_webhook(transaction, user, webhook_id, form)
    except _REFUSED as error:
        return _detail(container, user, webhook_id, MessagesQuery(), form, error.detail)
    return see_other(f"{PATH}/{webhook_id}?done=saved")


@router.post("/{webhook_id}/secret")
def renew_secret(
    container: ContainerDep,
    user: UserDep,
    webhook_id: UUID,
    overlap_hours: Annotated[float, Form(allow_inf_nan=False)] = OVERLAP_HOURS,
) -> Response:
    """Make a new secret and show it."""
    overlap, now = checked_overlap(overlap_hours), container.now()
    with container.transactions() as transaction:
        made = webhooks.renew_secret(transaction, user, webhook_id, container.sealer, now, overlap)
    return _secret(made, user, overlap, HTTPStatus.OK)


@router.post("/{webhook_id}/remove")
def remove_webhook(container: ContainerDep, user: UserDep, webhook_id: UUID) -> Response:
    """Send nothing to it any more."""
    with container.transactions() as transaction:
        webhooks.remove_webhook(transaction, user, webhook_id, container.now())
    return see_other(f"{PATH}?done=removed")


router.include_router(message_acts(PATH, "webhook_id", webhooks.webhook_for))


def _list(
    container: Container,
    user: User,
    form: WebhookForm,
    error: str | None = None,
    *,
    done: str | None = None,
) -> Response:
    with container.transactions() as transaction:
        look = looking(container, transaction, user)
        views = [look(webhook) for webhook in webhooks.webhooks_for(transaction, user)]
        fields = _fields(transaction, user, form, error)
    frame = chrome(gettext("Webhooks"), user)
    page = replace(webhooks_page(views, fields), done=done)
    return render("webhooks.html", page, frame, status=_status(error))


def _detail(
    container: Container,
    user: User,
    webhook_id: UUID,
    query: MessagesQuery,
    form: WebhookForm | None = None,
    error: str | None = None,
) -> Response:
    state = state_of(query.state)
    with container.transactions() as transaction:
        webhook = webhooks.webhook_for(transaction, user, webhook_id)
        view = looking(container, transaction, user)(webhook)
        found, older = messages_of(transaction, user, webhook_id, state, query.before)
        fields = _fields(transaction, user, form or _form_of(webhook), error)
    page = webhook_page(view, found, state, fields, older=older, saved=done_text(query))
    return render("webhook.html", page, chrome(webhook.name, user), status=_status(error))


def _form_of(webhook: Destination) -> WebhookForm:
    url = WebhookConfig.of(webhook.config).url
    return WebhookForm(webhook.name, url, webhook.events, webhook.site_id, webhook.enabled)


def _fields(
    transaction: Transaction, user: User, form: WebhookForm, error: str | None
) -> WebhookFields:
    every = transaction.sites.all()
    seen = [site for site in every if user.sees(site.id)]
    may_all = len(seen) == len(every)
    if form.site_id is None and not may_all and not form.name:
        form = _with_own_site(form, seen)
    said = translated(error) if error else None
    return webhook_fields(form, seen, may_all=may_all, error=said)


def _with_own_site(form: WebhookForm, seen: list[Site]) -> WebhookForm:
    """A new webhook of an administrator who does not see all sites is of one that they see."""
    own = next((site.id for site in seen), DEFAULT_SITE_ID)
    return WebhookForm(form.name, form.url, form.events, own, form.enabled)


def _secret(made: Made, user: User, overlap: timedelta | None, status: HTTPStatus) -> Response:
    hours = round(overlap / timedelta(hours=1)) if overlap is not None else None
    page = WebhookSecretPage(
        name=made.webhook.name,
        path=f"{PATH}/{made.webhook.id}",
        secret=made.secret,
        overlap=_overlap_text(hours) if hours is not None else None,
    )
    return render("webhook_secret.html", page, chrome(made.webhook.name, user), status=status)


def _overlap_text(hours: int) -> str:
    if not hours:
        return gettext("The former secret holds no longer.")
    text = ngettext(
        "The former secret holds for one hour: until then messages are signed with both.",
        "The former secret holds for {count} hours: until then messages are signed with both.",
        hours,
    )
    return text.format(count=count(hours))


def _status(error: str | None) -> HTTPStatus:
    return HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK
