"""API clients and their keys, as their pages show them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from app.domain.access import Scope
from app.domain.client import (
    DEFAULT_KEY_DAYS,
    DEFAULT_OVERLAP_HOURS,
    ApiClient,
    ClientKey,
    KeyState,
)
from app.domain.message import message
from app.domain.site import DEFAULT_SITE_ID, Site
from app.domain.user import User
from app.web.language import gettext, ngettext, translated
from app.web.pages.client_contexts import ClientLine, ClientPage, ClientsPage, KeyLine
from app.web.pages.contexts import Choice, FormField, Moment
from app.web.pages.wording import count, date, moment

CLIENTS_PATH = "/administration/clients"
_BROKEN = "\N{MULTIPLICATION X}"
_STATES = {
    KeyState.VALID: message("works"),
    KeyState.EXPIRED: message("expired"),
    KeyState.REVOKED: message("revoked"),
}
SCOPES = {
    Scope.CASES_READ: message("read cases and reports"),
    Scope.CASES_WRITE: message("open cases"),
    Scope.CELLS_WRITE: message("send images"),
    Scope.REPORTS_READ: message("read reports"),
    Scope.FHIR_READ: message("read FHIR resources"),
    Scope.FHIR_WRITE: message("send FHIR orders"),
    Scope.CASES_EXPORT: message("export whole cases and findings"),
    Scope.STATISTICS_READ: message("read statistics"),
    Scope.METRICS_READ: message("read metrics"),
    Scope.AUDIT_READ: message("read the audit"),
}


@dataclass(frozen=True)
class ClientForm:
    """What was typed and ticked for a new client."""

    name: str = ""
    days: str = str(DEFAULT_KEY_DAYS)
    subject: str = ""
    scopes: Collection[str] = ()
    site_ids: Collection[str] = field(default_factory=lambda: (str(DEFAULT_SITE_ID),))


def client_path(client_id: UUID) -> str:
    """The page of a client."""
    return f"{CLIENTS_PATH}/{client_id}"


def clients_page(
    clients: Sequence[ApiClient],
    sites: Sequence[Site],
    viewer: User,
    now: datetime,
    form: ClientForm | None = None,
    error: str | None = None,
) -> ClientsPage:
    """Every client, and the form with what was typed."""
    form = form or ClientForm()
    return ClientsPage(
        lines=tuple(_line(client, sites, now) for client in clients),
        fields=(
            _field("name", gettext("Name of the system"), form.name, required=True),
            _days(form.days),
            _subject(form.subject),
        ),
        scopes=_scopes(form.scopes),
        sites=_sites(sites, viewer, form.site_ids),
        error=error,
    )


def client_page(
    client: ApiClient,
    sites: Sequence[Site],
    viewer: User,
    now: datetime,
    *,
    new_key: str | None = None,
    error: str | None = None,
    saved: bool = False,
) -> ClientPage:
    """One client, its keys, and what can be changed."""
    return ClientPage(
        path=client_path(client.id),
        name=client.name,
        account_key=str(client.id),
        is_active=client.is_active,
        can_change=all(viewer.sees(site_id) for site_id in client.account.site_ids),
        new_key=new_key,
        keys=tuple(_key(key, now) for key in client.keys),
        rotation=(
            _days(str(DEFAULT_KEY_DAYS)),
            _field(
                "overlap_hours",
                gettext("Overlap"),
                str(DEFAULT_OVERLAP_HOURS),
                unit=gettext("hours"),
                hint=gettext("For so long the keys before go on."),
            ),
        ),
        scopes=_scopes(client.scopes),
        sites=_sites(sites, viewer, {str(site_id) for site_id in client.account.site_ids}),
        subject=_subject(client.subject or ""),
        error=error,
        saved=saved,
    )


def _line(client: ApiClient, sites: Sequence[Site], now: datetime) -> ClientLine:
    works, state = _standing(client, now)
    used = max((key.last_used_at for key in client.keys if key.last_used_at), default=None)
    return ClientLine(
        path=client_path(client.id),
        name=client.name,
        scopes=tuple(sorted(client.scopes)),
        sites=", ".join(site.name for site in sites if client.account.sees(site.id)),
        mark="" if works else _BROKEN,
        state=state,
        used=moment(used, now).age if used else gettext("never"),
    )


def _standing(client: ApiClient, now: datetime) -> tuple[bool, str]:
    """Whether any key of it opens anything, and in words."""
    if not client.is_active:
        return False, gettext("switched off")
    working = [key for key in client.keys if key.state(now) is KeyState.VALID]
    if not working:
        return False, gettext("no key that works")
    text = ngettext("{number} key, until {day}", "{number} keys, until {day}", len(working))
    last = max(key.expires_at for key in working)
    return True, text.format(number=count(len(working)), day=date(last))


def _key(key: ClientKey, now: datetime) -> KeyLine:
    state = key.state(now)
    return KeyLine(
        prefix=key.prefix,
        mark="" if state is KeyState.VALID else _BROKEN,
        state=translated(_STATES[state]),
        made=_day(key.created_at, now),
        # An overlap ends within hours.
        expires=moment(key.revoked_at or key.expires_at, now),
        used=_used(key, now),
        can_revoke=state is KeyState.VALID,
    )


def _day(at: datetime, now: datetime) -> Moment:
    return replace(moment(at, now), text=date(at))


def _used(key: ClientKey, now: datetime) -> str:
    if key.last_used_at is None:
        return gettext("never")
    text = gettext("{age}, from {address}")
    return text.format(age=moment(key.last_used_at, now).age, address=key.last_used_from)


def _scopes(chosen: Collection[str]) -> tuple[Choice, ...]:
    return tuple(
        Choice(scope.value, translated(title), scope in chosen) for scope, title in SCOPES.items()
    )


def _sites(sites: Sequence[Site], viewer: User, chosen: Collection[str]) -> tuple[Choice, ...]:
    """Those that the viewer may give."""
    seen = (site for site in sites if viewer.sees(site.id))
    return tuple(Choice(str(site.id), site.name, str(site.id) in chosen) for site in seen)


def _days(value: str) -> FormField:
    return _field("days", gettext("The key lasts"), value, unit=gettext("days"))


def _subject(value: str) -> FormField:
    hint = gettext("Its client id there, where it comes with tokens in place of keys.")
    return _field("subject", gettext("At the identity provider"), value, hint=hint)


def _field(
    name: str,
    label: str,
    value: str,
    *,
    unit: str | None = None,
    hint: str | None = None,
    required: bool = False,
) -> FormField:
    return FormField(
        name=name,
        label=label,
        kind="number" if unit else "text",
        value=value,
        unit=unit,
        hint=hint,
        error=None,
        required=required,
        choices=(),
    )
