"""People and systems that an OpenID Connect provider vouches for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.domain.access import PEOPLE, Role
from app.domain.errors import NotSignedIn, ProviderUnavailable, SettingsRefused
from app.domain.message import message


@dataclass(frozen=True)
class SignInRequest:
    """What a person was sent to the provider with; the answer must fit it.

    Parameters
    ----------
    verifier
        Of PKCE (RFC 7636).
    again
        Whether the provider must ask who it is, though it may know.
    """

    state: str
    nonce: str
    verifier: str
    redirect_uri: str
    again: bool


@dataclass(frozen=True)
class ExternalIdentity:
    """Who signed in at the provider, and what it says of them."""

    issuer: str
    subject: str
    claims: Mapping[str, Any]
    authenticated_at: datetime | None


@dataclass(frozen=True)
class ExternalClient:
    """A system with an access token of the provider."""

    issuer: str
    client_id: str
    scopes: frozenset[str]


@dataclass(frozen=True)
class ClaimRule:
    """Which claims tell what of a person.

    Parameters
    ----------
    roles
        Names that the provider uses, and the role of each; the first that a person has counts.
    roles_claim, sites_claim, name_claim
        Names of claims; a point leads into a claim that is an object.
    """

    roles: Mapping[str, Role]
    roles_claim: str
    name_claim: str
    sites_claim: str | None = None

    @classmethod
    def parse_roles(cls, text: str) -> Mapping[str, Role]:
        """Read ``value=role,value=role``.

        Raises
        ------
        SettingsRefused
            If a part is not of this form, or the role is no person's.
        """
        found: dict[str, Role] = {}
        for part in filter(None, (part.strip() for part in text.split(","))):
            value, _, role = part.rpartition("=")
            if not value or role not in {person.value for person in PEOPLE}:
                known = ", ".join(person.value for person in PEOPLE)
                raise SettingsRefused(
                    f"VEXASCOPE_OIDC_ROLES: '{part}' is not VALUE=ROLE with a role of {known}."
                )
            found[value] = Role(role)
        return found

    def role(self, claims: Mapping[str, Any]) -> Role | None:
        """The role of a person; None where no claim gives one."""
        said = set(_texts(claims, self.roles_claim))
        return next((role for value, role in self.roles.items() if value in said), None)

    def sites(self, claims: Mapping[str, Any]) -> tuple[str, ...] | None:
        """Names of a person's sites; None where the provider does not say."""
        return _texts(claims, self.sites_claim) if self.sites_claim else None

    def name(self, identity: ExternalIdentity) -> str:
        """What the person is called in lists of accounts."""
        return next(iter(_texts(identity.claims, self.name_claim)), identity.subject)


def provider_refused(reason: str) -> NotSignedIn:
    """What the provider sent does not hold."""
    return NotSignedIn(
        message("What the sign-in provider sent is not accepted: {reason}.", reason=reason)
    )


def provider_unavailable() -> ProviderUnavailable:
    """The provider does not answer, or not as it should."""
    return ProviderUnavailable(
        message(
            "The sign-in provider does not answer as it should. Try again; if it goes on, tell "
            "your administrator."
        )
    )


def _texts(claims: Mapping[str, Any], path: str) -> tuple[str, ...]:
    """The texts of a claim: one, several, or none."""
    found: Any = claims.get(path)
    if found is None:
        found = claims
        for part in path.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    values = found if isinstance(found, list | tuple) else [found]
    return tuple(value for value in values if isinstance(value, str))
