"""`vexascope user` as an administrator calls it."""

import pytest
from uuid_utils.compat import uuid7

from app.bootstrap import migrate, running
from app.cli import main
from app.domain.access import Role, Scope
from app.domain.errors import NotSignedIn
from app.domain.site import DEFAULT_SITE_ID
from app.domain.user import AT_PROVIDER, NO_PASSWORD, User
from app.services.clients import NewClient, create_client
from app.services.identity import check_password
from app.services.second_factor import begin, is_asked
from app.services.sites import add_site
from app.settings import load_settings


@pytest.fixture
def command(monkeypatch, capsys, tmp_path, small_bundle):
    """Run the command on a database of its own; gives exit status and what it printed."""
    monkeypatch.setenv("VEXASCOPE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("VEXASCOPE_BUNDLE", str(small_bundle))

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["vexascope", "user", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        said = capsys.readouterr()
        return caught.value.code, said.out + said.err

    return run


@pytest.fixture
def database(command):
    with running(load_settings()) as container:
        migrate(container)
        yield container


def made(output):
    return output.split(": ")[1].strip()


def test_makes_an_account_whose_password_is_printed_once(command, database):
    code, said = command("create", "martin", "--role", "haematologist", "--full-name", "Dr Martin")
    assert code == 0
    with database.transactions() as transaction:
        user = check_password(transaction, "martin", made(said))
    assert (user.role, user.printed_name) == (Role.HAEMATOLOGIST, "Dr Martin")


def test_refuses_a_name_that_exists_or_cannot_be_typed(command, database):
    command("create", "martin", "--role", "administrator")
    for name in ("martin", "a:b", " a", ""):
        code, _ = command("create", name, "--role", "haematologist")
        assert code == 2
    with database.transactions() as transaction:
        assert [user.name for user in transaction.users.all()] == ["martin"]


def test_a_new_password_ends_the_old_one(command, database):
    first = made(command("create", "martin", "--role", "haematologist")[1])
    second = made(command("password", "martin")[1])
    with database.transactions() as transaction:
        assert check_password(transaction, "martin", second).name == "martin"
        with pytest.raises(NotSignedIn):
            check_password(transaction, "martin", first)
    assert command("password", "nobody")[0] == 2


def test_an_account_sees_the_sites_that_are_named(command, database):
    with database.transactions() as transaction:
        north = add_site(transaction, "North", database.now())
    assert command("create", "ann", "--role", "auditor", "--site", "North")[0] == 0
    assert command("create", "bob", "--role", "auditor", "--site", "Nowhere")[0] == 2
    assert command("create", "cli", "--role", "system")[0] == 2
    with database.transactions() as transaction:
        assert transaction.users.by_name("ann").site_ids == {north.id}
        assert transaction.users.by_name("bob") is None
        [main] = [site for site in transaction.sites.all() if site.id == DEFAULT_SITE_ID]
    assert command("sites", "ann", "--site", "North", "--site", main.name)[0] == 0
    assert command("sites", "ann", "--site", "Nowhere")[0] == 2
    with database.transactions() as transaction:
        assert transaction.users.by_name("ann").site_ids == {north.id, main.id}


def test_recovers_an_account_that_nobody_gets_into(command, database):
    command("create", "martin", "--role", "administrator")
    with database.transactions() as transaction:
        user = transaction.users.by_name("martin")
        begin(transaction, user, database.sealer)
        transaction.second_factors.confirm(user.id, database.now())
        transaction.users.set_active(user.id, is_active=False)
    password = made(command("recover", "martin")[1])
    with database.transactions() as transaction:
        assert check_password(transaction, "martin", password).is_active
        assert not is_asked(transaction, user.id)


def test_a_password_is_for_people_who_have_one_here(command, database):
    with database.transactions() as transaction:
        new = NewClient("lis", frozenset({Scope.CASES_READ}))
        create_client(transaction, new, None, database.now())
        external = User(uuid7(), "ann", Role.TECHNICIAN, AT_PROVIDER)
        transaction.users.add(external, database.now())
    for act in ("password", "recover"):
        assert command(act, "lis")[0] == 2
        assert "provider" in command(act, "ann")[1]
    with database.transactions() as transaction:
        assert transaction.users.by_name("lis").password_hash == NO_PASSWORD
        assert transaction.users.by_name("ann") == external


def test_says_what_to_do_where_there_is_no_database_yet(command):
    code, said = command("create", "martin", "--role", "haematologist")
    assert code == 2
    assert "vexascope migrate" in said
