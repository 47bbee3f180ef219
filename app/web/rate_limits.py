"""How many requests a minute: of a person, of an API client, from an address.

Each process counts for itself. The limits stop a script that went wrong and a stranger who guesses;
a gallery of five hundred thumbnails stays far below them.
"""

import time
from collections import Counter
from threading import Lock

from fastapi import Request

from app.domain.access import Role
from app.domain.errors import TooManyRequests
from app.domain.message import message
from app.domain.user import User
from app.settings import Settings
from app.web.origins import network_of

WINDOW_S = 60


class Window:
    """Requests of the last minute, by whose they are.

    Two counts are kept, of this minute of the clock and of the one before, which weighs less the
    longer it is over. So nobody gets twice the limit at the turn of a minute, a request costs two
    look-ups, and what is over is dropped with the counter that held it.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._minute = 0
        self._now: Counter[str] = Counter()
        self._before: Counter[str] = Counter()

    def hit(self, whose: str, most: int, at: float) -> int | None:
        """Count a request at a moment, in s; where it is one too many, the s to wait."""
        minute, gone_s = divmod(at, WINDOW_S)
        with self._lock:
            self._turn_to(int(minute))
            weighted = self._before[whose] * (1 - gone_s / WINDOW_S) + self._now[whose]
            if weighted + 1 <= most:
                self._now[whose] += 1
                return None
            # The former minute's count makes room little by little; this one's at its end.
            earlier = self._before[whose]
        return max(1, round(WINDOW_S / earlier if earlier else WINDOW_S - gone_s))

    def _turn_to(self, minute: int) -> None:
        if minute == self._minute:
            return
        is_next = minute == self._minute + 1
        self._before = self._now if is_next else Counter()
        self._now = Counter()
        self._minute = minute


class RateLimits:
    """Counts, and refuses what is too much; health and static files never come here."""

    def __init__(self, settings: Settings) -> None:
        self._window = Window()
        self._person = settings.person_requests_per_minute
        self._client = settings.client_requests_per_minute
        self._address = settings.address_requests_per_minute

    def check_address(self, request: Request) -> None:
        """Before it is known who asks; raises `TooManyRequests`."""
        self._count(self._address, f"address {network_of(request)}")

    def check_account(self, user: User) -> None:
        """Once it is known who asks; raises `TooManyRequests`."""
        most = self._client if user.role is Role.SYSTEM else self._person
        self._count(most, f"account {user.id}")

    def _count(self, most: int, whose: str) -> None:
        if most == 0:
            return
        wait_s = self._window.hit(whose, most, time.monotonic())
        if wait_s is not None:
            raise TooManyRequests(
                message("Too many requests in a minute. Try again in {wait_s} s.", wait_s=wait_s),
                retry_after_s=wait_s,
            )
