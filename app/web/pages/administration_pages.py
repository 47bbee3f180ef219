"""The rooms of the administration, as far as an account may enter them."""

from dataclasses import dataclass

from fastapi import APIRouter, Response

from app.domain.access import Permission
from app.domain.errors import Forbidden
from app.domain.message import message
from app.domain.user import User
from app.web.dependencies import UserDep
from app.web.language import gettext, translated
from app.web.pages.administration_contexts import AdministrationPage, SectionLink
from app.web.pages.present_clients import CLIENTS_PATH
from app.web.pages.rendering import chrome, render

router = APIRouter()


@dataclass(frozen=True)
class Section:
    """A room, and the permission that opens it."""

    path: str
    needs: Permission
    title: str
    purpose: str


SECTIONS = (
    Section(
        "/administration/users",
        Permission.MANAGE_ACCOUNTS,
        message("People"),
        message("Accounts: roles, sites, lost passwords and second factors."),
    ),
    Section(
        "/administration/sites",
        Permission.MANAGE_ACCOUNTS,
        message("Sites"),
        message("The laboratories that share this installation and not their cases."),
    ),
    Section(
        "/administration/statistics",
        Permission.READ_STATISTICS,
        message("Statistics"),
        message("Cases a day, time to signature, overrides, drift by week, job queue."),
    ),
    Section(
        "/administration/audit",
        Permission.READ_AUDIT,
        message("Audit"),
        message("Who did what, when and from where; nothing in it can be changed."),
    ),
    Section(
        "/administration/history",
        Permission.READ_HISTORY,
        message("History"),
        message("Every case, erased ones too, and the whole life of each."),
    ),
    Section(
        "/administration/data",
        Permission.MANAGE_DATA,
        message("Data protection"),
        message("How long cases are kept; erasures and their proofs."),
    ),
    Section(
        "/administration/bundles",
        Permission.MANAGE_BUNDLES,
        message("Bundles"),
        message("Which classifier reads, one in shadow, and comparisons."),
    ),
    Section(
        "/administration/controls",
        Permission.MANAGE_BUNDLES,
        message("Control slides"),
        message("Fixed sets that are read every day: whether the classifier still counts alike."),
    ),
    Section(
        "/administration/webhooks",
        Permission.MANAGE_CLIENTS,
        message("Webhooks"),
        message("Which systems are told of cases, and what became of each message."),
    ),
    Section(
        "/administration/hl7",
        Permission.MANAGE_CLIENTS,
        message("HL7"),
        message("How orders are taken, to which systems results go, and what became of each."),
    ),
    Section(
        CLIENTS_PATH,
        Permission.MANAGE_CLIENTS,
        message("API clients"),
        message("Systems that send images and read reports: their keys, and what each may do."),
    ),
)


@router.get("/administration")
def show_administration(user: UserDep) -> Response:
    """What the account may administer or read."""
    sections = sections_of(user)
    if not sections:
        raise Forbidden(message("Your account administers nothing. Ask an administrator."))
    page = AdministrationPage(
        tuple(
            SectionLink(item.path, translated(item.title), translated(item.purpose))
            for item in sections
        )
    )
    return render("administration.html", page, chrome(gettext("Administration"), user))


def sections_of(user: User) -> list[Section]:
    """Those that the account may enter."""
    return [section for section in SECTIONS if user.may(section.needs)]
