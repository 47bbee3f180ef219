"""How many requests a minute: of a person, of an API client, from an address.

Each process counts for itself. The limits stop a script that went wrong and a stranger who guesses;
a gallery of five hundred thumbnails stays far below them.
"""

import time

from fastapi import Request
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from app.domain.access import Role
from app.domain.errors import TooManyRequests
from app.domain.message import message
from app.domain.user import User
from app.settings import Settings
from app.web.origins import network_of


class RateLimits:
    """Counts, and refuses what is too much; health and static files never come here.

    On the event loop: the library's other store starts a thread for each hundredth of a second in
    which somebody asks.
    """

    def __init__(self, settings: Settings) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._person = settings.person_requests_per_minute
        self._client = settings.client_requests_per_minute
        self._address = settings.address_requests_per_minute

    async def check_address(self, request: Request) -> None:
        """Before it is known who asks; raises `TooManyRequests`."""
        await self._count(self._address, "address", network_of(request))

    async def check_account(self, user: User) -> None:
        """Once it is known who asks; raises `TooManyRequests`."""
        if user.role is Role.SYSTEM:
            await self._count(self._client, "client", str(user.id))
        else:
            await self._count(self._person, "person", str(user.id))

    async def _count(self, most: int, kind: str, whose: str) -> None:
        if most == 0:
            return
        limit = RateLimitItemPerMinute(most)
        if await self._limiter.hit(limit, kind, whose):
            return
        window = await self._limiter.get_window_stats(limit, kind, whose)
        wait_s = max(1, round(window.reset_time - time.time()))
        raise TooManyRequests(
            message("Too many requests in a minute. Try again in {wait_s} s.", wait_s=wait_s),
            retry_after_s=wait_s,
        )
