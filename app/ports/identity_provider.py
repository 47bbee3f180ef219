"""An OpenID Connect provider, as the sign-in uses it."""

from typing import Protocol

from app.domain.external import ExternalClient, ExternalIdentity, SignInRequest


class IdentityProvider(Protocol):
    """Vouches for people, and for systems with its access tokens.

    Every method raises `ProviderUnavailable` where the provider does not answer.
    """

    def authorization_url(self, request: SignInRequest) -> str:
        """Where to send a person."""

    def redeem(self, code: str, request: SignInRequest) -> ExternalIdentity:
        """Who came back with a code; raises `NotSignedIn` where anything does not fit."""

    def sign_out_url(self, back: str) -> str | None:
        """Where to send a person who signs out; None where the provider has no such page."""

    def client(self, token: str) -> ExternalClient:
        """Which system has an access token; raises `NotSignedIn` where it does not hold."""
