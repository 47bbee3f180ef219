"""The person that an order is about."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.case import NewCase
from app.domain.message import message
from app.interchange.codes import MEDICAL_RECORD, PATIENT_INTERNAL, Code, Namespaces
from app.interchange.fhir_element import Node, accepted, has_code


@dataclass(frozen=True)
class Person:
    """A patient as an order names them.

    Parameters
    ----------
    node
        The contained Patient, or the reference that holds the identifier.
    """

    node: Node
    identifier: str
    name: str | None


def person_of(identifiers: Sequence[Node], node: Node, names: Namespaces) -> Person:
    """The person behind some identifiers, of which one must stand out.

    Raises
    ------
    ElementRefused
    """
    value = _chosen(_in_use(identifiers), node, names).needed("value")
    text = value.as_text()
    accepted(value, lambda: NewCase("any", text))
    return Person(node, text, _name(node))


def _in_use(nodes: Sequence[Node]) -> list[Node]:
    """Identifiers or names but for those that are the patient's no more."""
    return [node for node in nodes if node.text("use") != "old"]


def _chosen(identifiers: Sequence[Node], node: Node, names: Namespaces) -> Node:
    """That of the laboratory's own system, else a record number, else the only one."""
    own = [item for item in identifiers if item.text("system") == names.patient_identifiers]
    groups = [own, *(_typed(identifiers, code) for code in (MEDICAL_RECORD, PATIENT_INTERNAL))]
    for group in (*groups, identifiers):
        if len(group) == 1:
            return group[0]
    place = Node(f"{node.path}.identifier", None)
    if not identifiers:
        raise place.refused("required", message("{element} is missing.", element=place.path))
    raise place.refused(
        "value",
        message(
            "It is not clear which identifier is the patient's here. Give one of type MR, or one "
            "of the system {system}.",
            system=names.patient_identifiers,
        ),
    )


def _typed(identifiers: Sequence[Node], code: Code) -> list[Node]:
    return [
        item
        for item in identifiers
        if (kind := item.child("type")) and has_code(kind, (code.system, code.code))
    ]


def _name(node: Node) -> str | None:
    """The official name, else the first; a pseudonymous patient has none."""
    if not node.is_of("Patient"):
        return None
    given = _in_use(list(node.items("name")))
    if not given:
        return None
    official = [item for item in given if item.text("use") == "official"]
    chosen = (official or given)[0]
    parts = [item.as_text() for item in chosen.items("given")]
    text = chosen.text("text") or " ".join([*parts, chosen.text("family") or ""]).strip()
    if not text:
        return None
    accepted(chosen, lambda: NewCase("any", "any", text))
    return text
