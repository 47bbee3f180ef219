"""Examples of the pages of API clients."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from app.domain.access import Role, Scope
from app.domain.client import ApiClient, ClientKey
from app.domain.site import DEFAULT_SITE_ID, DEFAULT_SITE_NAME, Site
from app.domain.user import NO_PASSWORD, User
from app.web.pages.present_clients import ClientForm, client_page, clients_page
from tests.factories import NOW

LIS = User(UUID(int=8), "LIS-7", Role.SYSTEM, NO_PASSWORD, scopes=frozenset({Scope.CASES_WRITE}))
VIEWER = User(UUID(int=9), "admin", Role.ADMINISTRATOR, NO_PASSWORD)
SITES = (Site(DEFAULT_SITE_ID, DEFAULT_SITE_NAME, NOW), Site(UUID(int=2), "North", NOW))
# What these examples say in the words of people and programs, not of the product.
DATA = ("LIS-7", DEFAULT_SITE_NAME, "North", "vxk_", "192.0.2.7", "IDP-7", *Scope)


def _key(number: int, **values) -> ClientKey:
    ends = values.pop("expires_at", NOW + timedelta(days=365))
    return ClientKey(UUID(int=number), LIS.id, f"vxk_{number}", "0" * 64, NOW, ends, **values)


def example_client() -> ApiClient:
    """A client with a key of every state."""
    keys = (
        _key(1, last_used_at=NOW, last_used_from="192.0.2.7"),
        _key(2, expires_at=NOW),
        _key(3, revoked_at=NOW),
    )
    return ApiClient(LIS, NOW, None, "IDP-7", keys)


def client_pages(hostile: str) -> dict[str, list[object]]:
    """Template name to contexts that reach every branch of it."""
    later = NOW + timedelta(hours=3)
    client = example_client()
    without = replace(client, keys=client.keys[1:])
    off = replace(client, account=replace(LIS, name=hostile, is_active=False))
    form = ClientForm(hostile, "x", hostile, {Scope.CASES_READ}, ())
    return {
        "clients.html": [
            clients_page([client, without, off], SITES, VIEWER, later),
            clients_page([], SITES, VIEWER, later, form, "No."),
        ],
        "client.html": [
            client_page(client, SITES, VIEWER, later, new_key="vxk_1_0", saved=True),
            client_page(off, SITES, VIEWER, later, error="No."),
            client_page(client, SITES, replace(VIEWER, site_ids=frozenset()), later),
        ],
    }
