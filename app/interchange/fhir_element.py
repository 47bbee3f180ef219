"""Reading a FHIR resource that somebody sent: each element knows where it stands.

What is of the wrong kind is refused with the path of the element, so that a sender finds it.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.case import MAX_NAME_LENGTH
from app.domain.errors import ElementRefused, InvalidInput
from app.domain.message import message

# Elements that every resource or element may have, and that change nothing of its meaning.
_ALWAYS = frozenset(
    {
        "resourceType",
        "id",
        "meta",
        "language",
        "text",
        "contained",
        "extension",
        "modifierExtension",
    }
    | {"implicitRules"}
)
# These would change the meaning of the rest in a way that nobody here knows.
_MODIFIERS = ("modifierExtension", "implicitRules")


@dataclass(frozen=True)
class Node:
    """One element, and its FHIRPath."""

    path: str
    value: Any

    def child(self, name: str) -> "Node | None":
        """The element of this name; None where there is none."""
        found = self._mapping().get(name)
        return None if found is None else Node(f"{self.path}.{name}", found)

    def needed(self, name: str) -> "Node":
        """The same; refuses a resource without it."""
        node = self.child(name)
        if node is None:
            path = f"{self.path}.{name}"
            raise ElementRefused(path, "required", message("{element} is missing.", element=path))
        return node

    def items(self, name: str) -> "Iterator[Node]":
        """The elements of a list, which may be absent."""
        node = self.child(name)
        if node is None:
            return
        if not isinstance(node.value, list):
            raise node.refused("structure", message("{element} must be a list.", element=node.path))
        for number, item in enumerate(node.value):
            yield Node(f"{node.path}[{number}]", item)

    def text(self, name: str, most: int = MAX_NAME_LENGTH) -> str | None:
        """A text without the blanks at its ends; None where there is none."""
        node = self.child(name)
        return None if node is None else node.as_text(most)

    def as_text(self, most: int = MAX_NAME_LENGTH) -> str:
        """The element itself as a text."""
        if not isinstance(self.value, str) or not self.value.strip():
            raise self.refused(
                "structure",
                message("{element} must be a text that is not empty.", element=self.path),
            )
        if len(self.value.strip()) > most:
            raise self.refused(
                "too-long",
                message("{element} has more than {most} characters.", element=self.path, most=most),
            )
        return self.value.strip()

    def number(self, name: str) -> float:
        """A decimal; refuses its absence."""
        node = self.needed(name)
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            raise node.refused(
                "structure", message("{element} must be a number.", element=node.path)
            )
        try:
            return float(node.value)
        except OverflowError as error:
            raise node.refused(
                "value", message("{element} is too large.", element=node.path)
            ) from error

    def is_of(self, kind: str) -> bool:
        """Whether it is a resource of this kind."""
        return self._mapping().get("resourceType") == kind

    def checked(self, known: Collection[str]) -> "Node":
        """The node itself, once it is sure that it has no element but those that FHIR knows."""
        for name, value in self._mapping().items():
            path = f"{self.path}.{name}"
            if name in _MODIFIERS and value:
                raise ElementRefused(
                    path,
                    "not-supported",
                    message(
                        "{element} may change what the rest means, and is not known here.",
                        element=path,
                    ),
                )
            if name.removeprefix("_") not in known and name.removeprefix("_") not in _ALWAYS:
                raise ElementRefused(
                    path, "structure", message("FHIR R4 has no {element}.", element=path)
                )
        return self

    def refused(self, code: str, detail: str) -> ElementRefused:
        """An error about this element."""
        return ElementRefused(self.path, code, detail)

    def _mapping(self) -> Mapping[str, Any]:
        if not isinstance(self.value, Mapping):
            raise self.refused(
                "structure", message("{element} must be a JSON object.", element=self.path)
            )
        return self.value


def has_code(node: Node, *codes: tuple[str, str]) -> bool:
    """Whether a CodeableConcept has one of these codes, each as system and code."""
    found = {(item.text("system"), item.text("code")) for item in node.items("coding")}
    return bool(found & set(codes))


def referenced(node: Node, contained: dict[str, Node], kind: str) -> Node:
    """The contained resource that a reference points to."""
    place = node.needed("reference")
    found = contained.get(place.as_text().removeprefix("#"))
    if found is None or not found.is_of(kind):
        raise place.refused(
            "not-found", message("The order contains no {kind} of this id.", kind=kind)
        )
    return found


def accepted(node: Node, make: Callable[[], object]) -> None:
    """Try what the domain says of a value, and name the element if it refuses."""
    try:
        make()
    except InvalidInput as error:
        raise node.refused("value", error.detail) from error
