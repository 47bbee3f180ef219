"""Ports: keys of requests that are done once."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from app.domain.idempotency import Answer, KeyedRequest


class IdempotencyRepository(Protocol):
    """Requests under a key, each in the hands of one holder."""

    def begin(self, request: KeyedRequest) -> bool:
        """Store a request unless the account has used its key; whether it was stored."""

    def find(self, user_id: UUID, key_sha256: str) -> KeyedRequest | None:
        """The request that has the key."""

    def take_over(self, left: KeyedRequest, holder: UUID, held_until: datetime) -> bool:
        """Go on with a request whose holder is gone; False where another was faster."""

    def extend(self, request_id: UUID, holder: UUID, held_until: datetime) -> None:
        """Hold it longer; nothing happens where it is another's by now."""

    def finish(self, request_id: UUID, holder: UUID, body_sha256: str, answer: Answer) -> None:
        """Keep the answer; nothing happens where the request is another's by now."""

    def let_go(self, request_id: UUID, holder: UUID, now: datetime) -> None:
        """Free the key of a request that did nothing; one that did is to be answered anew."""

    def forget_before(self, started_at: datetime) -> int:
        """Remove requests that began then or before; how many."""

    def withhold_answers(self) -> None:
        """Forget the text of every answer, since it may hold data that are being erased."""
