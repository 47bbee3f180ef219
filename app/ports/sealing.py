"""Secrets that the product must be able to read again."""

from typing import Protocol


class Sealer(Protocol):
    """Makes a text unreadable for whoever has the database without the key."""

    def seal(self, text: str) -> str:
        """The sealed text, in ASCII; each time another one."""

    def unseal(self, sealed: str) -> str:
        """The text; raises `Damaged` where it was sealed with another key, or changed."""
