"""`vexascope user`: accounts of people, where no administrator is at hand."""

from typing import Annotated

import typer

from app.cli.ready import ready
from app.domain.access import Role
from app.services import accounts, identity
from app.services.sites import sites_named

user_commands = typer.Typer(help="Accounts.", no_args_is_help=True)


@user_commands.command("create")
def create_user(
    name: Annotated[str, typer.Argument(help="Name to sign in with.")],
    role: Annotated[Role, typer.Option(help="What the account is for.")],
    full_name: Annotated[
        str | None, typer.Option(help="Name as it is printed under a signature.")
    ] = None,
    site: Annotated[
        list[str] | None, typer.Option(help="Name of a site, once for each; default: the first.")
    ] = None,
) -> None:
    """Make an account and print its password, once."""
    with ready() as container, container.transactions() as transaction:
        site_ids = sites_named(transaction, site or [])
        now = container.now()
        password = identity.create_user(transaction, name, role, full_name, now, site_ids)
    print(f"Password of {name}: {password}")


@user_commands.command("sites")
def set_sites(
    name: Annotated[str, typer.Argument(help="Name of the account.")],
    site: Annotated[
        list[str], typer.Option(help="Name of a site that the account sees, once for each.")
    ],
) -> None:
    """Give an account these sites, in place of those it has.

    For a site that no administrator sees: on the pages nobody gives what they do not see.
    """
    with ready() as container, container.transactions() as transaction:
        user = identity.account_named(transaction, name)
        site_ids = sites_named(transaction, site)
        local = container.local_sign_in
        accounts.change(transaction, user.id, user.role, site_ids, by=None, local=local)
    print(f"{name} sees: {', '.join(site)}")


@user_commands.command("password")
def renew_password(
    name: Annotated[str, typer.Argument(help="Name of the account.")],
) -> None:
    """Make a new password and print it, once; it ends the account's sessions and tokens."""
    with ready() as container, container.transactions() as transaction:
        password = identity.renew_password(transaction, name)
    print(f"New password of {name}: {password}")


@user_commands.command("recover")
def recover(
    name: Annotated[str, typer.Argument(help="Name of the account.")],
) -> None:
    """Let an account in that is locked out: forget its second factor, reactivate it, new password.

    For the day when no administrator can sign in.
    """
    with ready() as container, container.transactions() as transaction:
        password = identity.recover(transaction, name)
    print(f"New password of {name}: {password}")
