"""A ServiceRequest that somebody sent, as the case that it opens.

It names its sample by an accession number, of the order or of its specimen, and its patient: one
that is contained, one that is named by an identifier, or one that is here already.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from app.domain.case import ClinicalContext, NewCase
from app.domain.message import message
from app.domain.order import CollectionTime
from app.domain.order import Order as PlacedAs
from app.interchange import fhir_keys
from app.interchange.codes import ACCESSION, FILLER, PLACER, SITES, Namespaces
from app.interchange.fhir_context import context_of
from app.interchange.fhir_element import Node, accepted, has_code, referenced
from app.interchange.fhir_elements_known import PATIENT, SERVICE_REQUEST
from app.interchange.fhir_patient import Person, person_of
from app.interchange.fhir_sample import accessions_of, collected_of

KIND = "ServiceRequest"
STATUSES = {"draft", "active", "on-hold", "revoked", "completed", "entered-in-error", "unknown"}
ORDERS = {"order", "original-order", "reflex-order", "filler-order", "instance-order"}
MAX_ORDER_NUMBER = 199
INTENTS = ORDERS | {"proposal", "plan", "directive", "option"}


class OrderNumbers(NamedTuple):
    """Numbers under which results go back: of the ordering system, and of the laboratory's."""

    placer: str = ""
    filler: str | None = None


@dataclass(frozen=True)
class Order:
    """What a ServiceRequest asks for.

    Parameters
    ----------
    accession_system
        Of the identifier that the accession number came with, if it had one.
    patient_id
        Of a patient that is here already; the person is then None.
    site
        The element that names the site; None where the order leaves it open.
    """

    accession_number: str
    accession_system: str | None
    context: ClinicalContext
    person: Person | None
    patient_id: UUID | None
    subject_path: str
    numbers: OrderNumbers
    collected: CollectionTime | None
    site: Node | None = None

    def placed(self, patient_identifier: str, site_id: UUID) -> PlacedAs:
        """The order as it is placed here."""
        return PlacedAs(
            new_case=self._new_case(patient_identifier, site_id),
            placer_number=self.numbers.placer,
            filler_number=self.numbers.filler,
            collected=self.collected,
        )

    def _new_case(self, patient_identifier: str, site_id: UUID) -> NewCase:
        return NewCase(
            accession_number=self.accession_number,
            patient_identifier=patient_identifier,
            patient_name=self.person.name if self.person else None,
            context=self.context,
            site_id=site_id,
        )


def parse_order(content: Any, names: Namespaces, base_url: str, today: date) -> Order:
    """Read a ServiceRequest.

    Raises
    ------
    ElementRefused
        With the path of the element that cannot be accepted, and why.
    """
    root = _root(content)
    _check_kind_of_order(root)
    contained = _contained(root)
    accession, system = _accession(root, contained, names)
    subject = root.needed("subject")
    person, patient_id = _who(subject, contained, names, base_url)
    return Order(
        accession_number=accession,
        accession_system=system,
        context=context_of(root, contained, person.node if person else None, today),
        person=person,
        patient_id=patient_id,
        subject_path=subject.path,
        numbers=_numbers(root),
        collected=collected_of(root, contained),
        site=_site(root),
    )


def _site(root: Node) -> Node | None:
    """The name of the laboratory that is meant, among those who are asked to perform."""
    for performer in root.items("performer"):
        name = performer.child("identifier")
        if name and name.text("system") == SITES:
            return name.needed("value")
    return None


def _numbers(root: Node) -> OrderNumbers:
    found = {
        code.code: _order_number(node.needed("value"))
        for node in root.items("identifier")
        for code in (PLACER, FILLER)
        if (kind := node.child("type")) and has_code(kind, (code.system, code.code))
    }
    return OrderNumbers(found.get(PLACER.code, ""), found.get(FILLER.code))


def _order_number(value: Node) -> str:
    text = value.as_text(MAX_ORDER_NUMBER)
    if not text.isprintable():
        raise value.refused(
            "value", message("{element} holds a control character.", element=value.path)
        )
    return text


def _root(content: Any) -> Node:
    root = Node(KIND, content)
    if not root.is_of(KIND):
        raise Node(f"{KIND}.resourceType", None).refused(
            "structure", message("Send a ServiceRequest: resourceType says something else.")
        )
    return root.checked(SERVICE_REQUEST)


def _check_kind_of_order(root: Node) -> None:
    """Only an order that stands is taken: a draft, a plan or a withdrawn one opens nothing."""
    status, intent = root.needed("status"), root.needed("intent")
    _check_code(status, STATUSES, {"active"})
    _check_code(intent, INTENTS, ORDERS)
    forbids = root.child("doNotPerform")
    if forbids is not None and forbids.value is not False:
        raise forbids.refused(
            "business-rule", message("doNotPerform asks for nothing to be done. Send an order.")
        )


def _check_code(node: Node, known: set[str], taken: set[str]) -> None:
    code = node.as_text()
    if code not in known:
        raise node.refused(
            "code-invalid", message("{element} is no code of FHIR R4.", element=node.path)
        )
    if code not in taken:
        raise node.refused(
            "business-rule",
            message(
                "{element} must be {codes}: nothing else opens a case.",
                element=node.path,
                codes=", ".join(sorted(taken)),
            ),
        )


def _contained(root: Node) -> dict[str, Node]:
    """The contained resources by their id."""
    found: dict[str, Node] = {}
    for node in root.items("contained"):
        key = node.needed("id").as_text()
        if key in found:
            raise node.refused("invariant", message("Two contained resources have one id."))
        found[key] = node
    return found


def _accession(root: Node, contained: dict[str, Node], names: Namespaces) -> tuple[str, str | None]:
    """The accession number, and the system that it came with."""
    nodes = [*_of_the_order(root, names), *accessions_of(root, contained)]
    values = {node.needed("value").as_text() for node in nodes}
    if not values:
        raise Node(f"{KIND}.identifier", None).refused(
            "required",
            message(
                "The order has no accession number. Give an identifier of type ACSN, or a "
                "specimen with an accessionIdentifier."
            ),
        )
    if len(values) > 1:
        raise nodes[-1].refused(
            "conflict", message("The order has several accession numbers. One order, one sample.")
        )
    value = nodes[0].needed("value")
    number = value.as_text()
    accepted(value, lambda: NewCase(number, "any"))
    return number, next((system for node in nodes if (system := node.text("system"))), None)


def _of_the_order(root: Node, names: Namespaces) -> list[Node]:
    """Identifiers that say they are accession numbers; else the only one that says nothing."""
    given = list(root.items("identifier"))
    named = [node for node in given if _is_accession(node, names)]
    untyped = [node for node in given if node.child("type") is None]
    return named or (untyped if len(untyped) == 1 else [])


def _is_accession(node: Node, names: Namespaces) -> bool:
    kind = node.child("type")
    typed = kind is not None and has_code(kind, (ACCESSION.system, ACCESSION.code))
    return typed or node.text("system") == names.accession_numbers


def _who(
    subject: Node, contained: dict[str, Node], names: Namespaces, base_url: str
) -> tuple[Person | None, UUID | None]:
    """The patient that came with the order, or the key of one that is here."""
    target = subject.text("reference", most=2000)
    if target is None:
        return person_of([subject.needed("identifier")], subject, names), None
    if target.startswith("#"):
        patient = referenced(subject, contained, "Patient").checked(PATIENT)
        return person_of(list(patient.items("identifier")), patient, names), None
    key = target.removeprefix(f"{base_url}/").removeprefix("Patient/")
    patient_id = fhir_keys.case_of(key)
    if patient_id is None or key == target:
        raise subject.needed("reference").refused(
            "not-supported",
            message(
                "Patients of other servers are not fetched. Contain the patient, or give "
                "subject.identifier."
            ),
        )
    return None, patient_id
