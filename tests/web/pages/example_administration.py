"""Examples of the administration's pages."""

from dataclasses import replace
from uuid import UUID

from app.domain.access import Role
from app.domain.audit import Actor, ActorKind, AuditEvent, AuditHead, Outcome, chain
from app.domain.user import User
from app.web.language import translated
from app.web.pages.administration_contexts import AdministrationPage, SectionLink
from app.web.pages.administration_pages import SECTIONS
from app.web.pages.audit_pages import AuditQuery
from app.web.pages.present_audit import AuditView, audit_page
from tests.factories import NOW

ANN = User(UUID(int=7), "ann", Role.HAEMATOLOGIST, "x")
ADDRESS = "192.0.2.7"
# What these examples say in the words of people and programs, not of the product.
DATA = (ADDRESS, "report.sign", "case.view", "0000000000", "sha256")
FIRST = AuditHead(0, "0" * 64)


def administration_page() -> AdministrationPage:
    return AdministrationPage(
        tuple(
            SectionLink(item.path, translated(item.title), translated(item.purpose))
            for item in SECTIONS
        )
    )


def audit_pages() -> list[object]:
    person = Actor(ActorKind.PERSON, "ann", ANN.id, ANN.role.value, ADDRESS, "r-1")
    stranger = Actor(ActorKind.STRANGER, "", address=ADDRESS)
    events = [
        AuditEvent(NOW, person, "report.sign", case_id=UUID(int=9), after={"sha256": "0" * 10}),
        AuditEvent(NOW, stranger, "case.view", Outcome.REFUSED, subject="0" * 10),
        AuditEvent(NOW, person, "case.view", Outcome.FAILED, before={"sha256": "0" * 10}),
    ]
    entries = chain(FIRST, events)
    query = AuditQuery().model_dump()
    view = AuditView(query, entries, AuditHead(3, "0" * 64), [ANN], NOW)
    return [
        audit_page(view, "before=1", "outcome=done"),
        audit_page(replace(view, entries=[]), None, ""),
    ]
