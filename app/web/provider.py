"""Signing in at the OpenID Connect provider: there and back, and once more before a signature."""

import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import Request

from app.bootstrap import Container
from app.domain.errors import Forbidden, NotFound, NotSignedIn
from app.domain.external import ExternalIdentity, SignInRequest, provider_refused
from app.domain.message import message
from app.domain.sign_in import Session
from app.domain.user import User
from app.ports.identity_provider import IdentityProvider
from app.services import external_sign_in
from app.services.acting import become
from app.web.actors import actor_of

WAY_LIFE_S = 600
# Clocks of two servers differ a little.
CLOCK_LEEWAY = timedelta(seconds=10)


@dataclass(frozen=True)
class Returned:
    """Who came back, from which page they had left, and whether to prove who they are once more."""

    identity: ExternalIdentity
    next: str
    again: bool
    left_at: datetime


class ProviderSignIn:
    """The way to the provider and back; what must fit on return stands in the signed cookie."""

    def __init__(self, container: Container) -> None:
        self._container = container

    @property
    def provider(self) -> IdentityProvider:
        """Raises `NotFound` where none is set."""
        found = self._container.identity_provider
        if found is None:
            raise NotFound(message("No sign-in provider is set."))
        return found

    def leave(self, request: Request, wanted: str, *, again: bool) -> str:
        """Where to send the browser; `again`: the provider must ask who it is."""
        way = SignInRequest(
            state=secrets.token_urlsafe(24),
            nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),
            redirect_uri=self._address(request, "/sign-in/provider/back"),
            again=again,
        )
        address = self.provider.authorization_url(way)
        request.session["way"] = {**vars(way), "next": wanted, "left": int(time.time())}
        return address

    def come_back(self, request: Request, query: Mapping[str, str]) -> Returned:
        """Check that the answer belongs to this browser's question, and ask who it is.

        Raises
        ------
        NotSignedIn
            If anything does not fit; the way is used up in any case.
        """
        provider = self.provider
        way: dict[str, Any] | None = request.session.pop("way", None)
        if way is None or time.time() - way["left"] > WAY_LIFE_S:
            raise NotSignedIn(message("The sign-in took too long. Begin again."))
        if not hmac.compare_digest(way["state"].encode(), query.get("state", "").encode()):
            raise provider_refused("the state is another")
        issuer = query.get("iss", self._container.settings.oidc_issuer)
        if issuer != self._container.settings.oidc_issuer:
            raise provider_refused("it is another provider")
        if "code" not in query:
            raise NotSignedIn(message("The sign-in at the provider was not completed."))
        asked = SignInRequest(*(way[name] for name in SignInRequest.__dataclass_fields__))
        identity = provider.redeem(query["code"], asked)
        left_at = datetime.fromtimestamp(way["left"], UTC)
        return Returned(identity, str(way["next"]), asked.again, left_at)

    def admit(self, request: Request, returned: Returned) -> User:
        """The account of who came back; raises `Forbidden` where there is no role for it."""
        with self._container.transactions() as transaction:
            user = external_sign_in.admit(
                transaction,
                returned.identity,
                self._container.claim_rule,
                self._container.now(),
                lambda user: become(actor_of(request, user)),
            )
        if user is None:
            raise Forbidden(
                message(
                    "The provider knows you, and gives you no role in Vexascope. Ask whoever "
                    "manages its accounts."
                )
            )
        return user

    def confirm(self, returned: Returned, user: User, session: Session) -> None:
        """Note that the person has just proved who they are.

        Raises
        ------
        NotSignedIn
            If it is somebody else, or the provider took an earlier proof for a new one.
        """
        proved_at = returned.identity.authenticated_at
        if proved_at is None or proved_at < returned.left_at - CLOCK_LEEWAY:
            raise provider_refused("it did not ask again who you are")
        with self._container.transactions() as transaction:
            if not external_sign_in.is_of(transaction, returned.identity, user):
                raise provider_refused("it was somebody else")
            transaction.sessions.set_confirmed(session.id, self._container.now())

    def sign_out_url(self, request: Request) -> str | None:
        """Where one signs out at the provider too; None where it has no such page."""
        return self.provider.sign_out_url(self._address(request, "/sign-in"))

    def _address(self, request: Request, path: str) -> str:
        server = self._container.settings.public_url or str(request.base_url)
        return f"{server.rstrip('/')}{path}"
