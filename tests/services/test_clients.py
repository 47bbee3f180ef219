"""API clients and their keys, on both databases."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from app.domain.access import Role, Scope
from app.domain.client import KEY_START, KeyState
from app.domain.errors import Conflict, Forbidden, InvalidInput, NotFound, NotSignedIn
from app.domain.site import DEFAULT_SITE_ID, Site
from app.domain.user import User
from app.services import clients
from app.services.clients import ClientChange, NewClient
from app.services.identity import check_password
from tests.factories import NOW

SCOPES = frozenset({Scope.CASES_WRITE, Scope.CELLS_WRITE})
OTHER = UUID(int=2)
HERE = "192.0.2.7"


def create(transaction, name="lis", scopes=SCOPES, **values):
    return clients.create_client(transaction, NewClient(name, scopes, **values), None, NOW)


@pytest.fixture
def made(container):
    with container.transactions() as transaction:
        return create(transaction)


def check(container, key, now=NOW):
    with container.transactions() as transaction:
        return clients.check_key(transaction, key, HERE, now)


def test_a_client_is_a_system_account_that_no_password_opens(container, made):
    client, key = made
    assert (client.account.role, client.scopes, client.is_active) == (Role.SYSTEM, SCOPES, True)
    with container.transactions() as transaction:
        assert transaction.users.get(client.id).name == client.name
        with pytest.raises(NotSignedIn):
            check_password(transaction, "lis", "!")
    assert key.startswith(client.keys[0].prefix)
    assert key.startswith(KEY_START)


def test_the_key_opens_and_its_secret_is_stored_nowhere(container, made):
    client, key = made
    assert check(container, key).id == client.id
    secret = key.rpartition("_")[2]
    assert len(secret) * 4 == 256
    with container.transactions() as transaction:
        assert secret not in repr(transaction.clients.get(client.id))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda key: key[:-1],
        lambda key: key[:-1] + "g",
        lambda key: key.upper(),
        lambda _: "",
        lambda key: key + "0",
        lambda key: "vxk_000000000000_" + key.rpartition("_")[2],
    ],
)
def test_a_key_that_is_not_quite_right_opens_nothing(container, made, spoil):
    with pytest.raises(NotSignedIn, match="unknown"):
        check(container, spoil(made[1]))


def test_a_key_ends_when_it_was_said_to(container, made):
    _, key = made
    assert check(container, key, NOW + timedelta(days=365, seconds=-1))
    with pytest.raises(NotSignedIn, match="expired"):
        check(container, key, NOW + timedelta(days=365))


def test_the_last_use_is_written_once_a_minute(container, made):
    client, key = made

    def used():
        with container.transactions() as transaction:
            return transaction.clients.get(client.id).keys[0].last_used_at

    for after_s, written_s in [(0, 0), (59, 0), (60, 60), (61, 60), (500, 500)]:
        check(container, key, NOW + timedelta(seconds=after_s))
        assert used() == NOW + timedelta(seconds=written_s)
    with container.transactions() as transaction:
        assert transaction.clients.get(client.id).keys[0].last_used_from == HERE


def test_after_rotation_both_keys_open_for_the_overlap(container, made):
    client, old = made
    with container.transactions() as transaction:
        new, _ = clients.rotate_key(transaction, client, None, NOW, overlap_hours=2)
    assert old != new
    for key in (old, new):
        assert check(container, key, NOW + timedelta(hours=2, seconds=-1)).id == client.id
    assert check(container, new, NOW + timedelta(hours=2)).id == client.id
    with pytest.raises(NotSignedIn, match="expired"):
        check(container, old, NOW + timedelta(hours=2))


def test_rotation_never_lengthens_a_key(container, made):
    client, _ = made
    late = NOW + timedelta(days=364, hours=23)
    with container.transactions() as transaction:
        clients.rotate_key(transaction, client, None, late, overlap_hours=48)
        _, old = transaction.clients.get(client.id).keys
    assert old.expires_at == NOW + timedelta(days=365)


def test_a_revoked_key_opens_nothing_and_the_others_stay(container, made):
    client, old = made
    with container.transactions() as transaction:
        new, _ = clients.rotate_key(transaction, client, None, NOW)
        client = transaction.clients.get(client.id)
        assert clients.revoke_keys(transaction, client, NOW, old.rpartition("_")[0]) == 1
    with pytest.raises(NotSignedIn, match="revoked"):
        check(container, old)
    assert check(container, new).id == client.id
    with container.transactions() as transaction:
        client = transaction.clients.get(client.id)
        assert clients.revoke_keys(transaction, client, NOW + timedelta(hours=1)) == 1
        with pytest.raises(NotFound):
            clients.revoke_keys(transaction, client, NOW, "vxk_0")
        newest, oldest = transaction.clients.get(client.id).keys
    assert (newest.state(NOW), oldest.state(NOW)) == (KeyState.REVOKED, KeyState.REVOKED)
    assert oldest.revoked_at == NOW


def test_a_client_that_is_switched_off_is_refused_until_it_is_on_again(container, made):
    client, key = made
    with container.transactions() as transaction:
        clients.change_client(transaction, client, ClientChange(is_active=False), None)
    with pytest.raises(NotSignedIn, match="switched off"):
        check(container, key)
    with container.transactions() as transaction:
        client = clients.change_client(
            transaction,
            client,
            ClientChange(is_active=True, scopes=frozenset({Scope.CASES_READ})),
            None,
        )
    assert check(container, key).scopes == {Scope.CASES_READ}


def test_names_scopes_and_times_are_checked(container, made):
    with container.transactions() as transaction:
        for name, scopes, days in [("a:b", SCOPES, 1), ("b", frozenset(), 1), ("b", SCOPES, 0)]:
            with pytest.raises(InvalidInput):
                create(transaction, name, scopes, days=days)
        with pytest.raises(InvalidInput):
            clients.rotate_key(transaction, made[0], None, NOW, overlap_hours=-1)
    with pytest.raises(Conflict), container.transactions() as transaction:
        create(transaction)


def test_one_subject_names_one_client(container, made):
    with container.transactions() as transaction:
        clients.change_client(transaction, made[0], ClientChange(subject="lis@idp"), None)
        assert transaction.clients.by_subject("lis@idp").id == made[0].id
        assert transaction.clients.by_subject("other") is None
    with pytest.raises(Conflict), container.transactions() as transaction:
        create(transaction, "two", subject="lis@idp")


def test_a_client_sees_the_sites_that_it_was_given(container, made):
    with container.transactions() as transaction:
        transaction.sites.add(Site(OTHER, "North", NOW))
        clients.change_client(transaction, made[0], ClientChange(site_ids=frozenset({OTHER})), None)
    assert check(container, made[1]).account.site_ids == {OTHER}
    for sites in (frozenset(), frozenset({uuid7()})):
        with container.transactions() as transaction, pytest.raises(InvalidInput, match="site"):
            clients.change_client(transaction, made[0], ClientChange(site_ids=sites), None)


def test_nobody_gives_a_client_a_site_that_they_do_not_see(container):
    here = User(uuid7(), "here", Role.ADMINISTRATOR, "hash")
    with container.transactions() as transaction:
        transaction.sites.add(Site(OTHER, "North", NOW))
        transaction.users.add(here, NOW)
        theirs, _ = create(transaction, "theirs", site_ids=frozenset({OTHER}))
        new = NewClient("mine", SCOPES, frozenset({DEFAULT_SITE_ID}))
        mine, _ = clients.create_client(transaction, new, here, NOW)
        wider = ClientChange(site_ids=frozenset({DEFAULT_SITE_ID, OTHER}))
        for forbidden in (
            lambda: clients.create_client(transaction, replace(new, site_ids={OTHER}), here, NOW),
            lambda: clients.change_client(transaction, mine, wider, here),
            lambda: clients.change_client(transaction, theirs, ClientChange(subject="me"), here),
            lambda: clients.rotate_key(transaction, theirs, here, NOW),
        ):
            with pytest.raises(Forbidden):
                forbidden()
        clients.rotate_key(transaction, mine, here, NOW)
        clients.change_client(transaction, theirs, ClientChange(is_active=False), here)


def test_the_audit_tells_of_every_change_and_of_no_secret(container, made):
    client, key = made
    with container.transactions() as transaction:
        new, _ = clients.rotate_key(transaction, client, None, NOW)
        clients.change_client(transaction, client, ClientChange(is_active=False), None)
        clients.revoke_keys(transaction, transaction.clients.get(client.id), NOW)
    with container.transactions() as transaction:
        events = [entry.event for entry in transaction.audit.all()]
    told = [(event.action, event.subject) for event in events]
    subject = f"client:{client.id}"
    acts = ("client.create", "client.rotate", "client.change", "client.revoke")
    assert told == [(act, subject) for act in acts]
    assert (events[2].before["active"], events[2].after["active"]) == (True, False)
    for text in (key, new):
        assert text.rpartition("_")[2] not in repr(events)
        assert text.rpartition("_")[0] in repr(events)
