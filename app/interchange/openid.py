"""OpenID Connect: authorization code with PKCE for people, access tokens of systems.

OpenID Connect Core 1.0, RFC 7636 (PKCE), RFC 9068 (access tokens), RFC 9700 (what not to do).
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from app.domain.external import (
    ExternalClient,
    ExternalIdentity,
    SignInRequest,
    provider_refused,
    provider_unavailable,
)
from app.interchange.kept import Kept

# Signatures by the provider's own key alone; with "none" or a shared secret others could sign.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]
CLOCK_LEEWAY_S = 60
TIMEOUT_S = 10
KEPT_S = 3600
# An unknown key may be a new one; it may also be a stranger's, who must not make us ask each time.
ASKED_AGAIN_AFTER_S = 60
ACCESS_TOKEN_TYPES = {"at+jwt", "application/at+jwt"}


@dataclass(frozen=True)
class Registration:
    """How this installation is known to the provider.

    Parameters
    ----------
    audience
        What access tokens of systems are made out to; None: no such token is taken.
    """

    issuer: str
    client_id: str
    client_secret: str | None
    scopes: str
    audience: str | None


class OpenIdProvider:
    """`IdentityProvider` by its published description."""

    def __init__(self, registration: Registration, client: httpx.Client | None = None) -> None:
        self._registration = registration
        self._http = client or httpx.Client(timeout=TIMEOUT_S)
        self._description = Kept(self._fetch_description)
        self._keys = Kept(self._fetch_keys)

    def authorization_url(self, request: SignInRequest) -> str:
        """The address with state, nonce and the challenge of PKCE."""
        digest = hashlib.sha256(request.verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self._registration.client_id,
            "redirect_uri": request.redirect_uri,
            "scope": self._registration.scopes,
            "state": request.state,
            "nonce": request.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        if request.again:
            query |= {"prompt": "login", "max_age": "0"}
        return _with_query(self._endpoint("authorization_endpoint"), query)

    def redeem(self, code: str, request: SignInRequest) -> ExternalIdentity:
        """Exchange the code, check the ID token, and ask for further claims."""
        tokens = self._token(code, request)
        claims = self._checked(str(tokens.get("id_token", "")))
        self._check_identity(claims, request)
        return ExternalIdentity(
            issuer=self._registration.issuer,
            subject=claims["sub"],
            claims={**self._user_info(tokens, claims["sub"]), **claims},
            authenticated_at=_moment(claims.get("auth_time")),
        )

    def sign_out_url(self, back: str) -> str | None:
        """RP-initiated logout; the provider leads back to a page that is registered with it."""
        endpoint = self._described().get("end_session_endpoint")
        if not isinstance(endpoint, str):
            return None
        query = {
            "client_id": self._registration.client_id,
            "post_logout_redirect_uri": back,
        }
        return _with_query(endpoint, query)

    def client(self, token: str) -> ExternalClient:
        """By an access token as RFC 9068 describes it, made out to this installation."""
        audience = self._registration.audience
        if audience is None:
            raise provider_refused("no audience of access tokens is set")
        claims = self._checked(token, ACCESS_TOKEN_TYPES)
        if audience not in _several(claims.get("aud")):
            raise provider_refused("the audience is another")
        client_id = claims.get("client_id") or claims.get("azp")
        if not isinstance(client_id, str):
            raise provider_refused("it names no client")
        scopes = claims.get("scope", claims.get("scp"))
        names = scopes.split() if isinstance(scopes, str) else _several(scopes)
        return ExternalClient(self._registration.issuer, client_id, frozenset(names))

    def _token(self, code: str, request: SignInRequest) -> Mapping[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": request.redirect_uri,
            "code_verifier": request.verifier,
        }
        secret = self._registration.client_secret
        auth = None
        if secret is None:
            form["client_id"] = self._registration.client_id
        else:
            auth = httpx.BasicAuth(*map(_form_encoded, (self._registration.client_id, secret)))
        endpoint = self._endpoint("token_endpoint")
        answer = self._ask(self._http.build_request("POST", endpoint, data=form), auth)
        if answer.is_client_error:
            raise provider_refused("the provider does not take the code")
        return self._content(answer)

    def _user_info(self, tokens: Mapping[str, Any], subject: str) -> Mapping[str, Any]:
        """What the provider says beside the ID token; it must be of the same person."""
        endpoint, token = self._described().get("userinfo_endpoint"), tokens.get("access_token")
        if not isinstance(endpoint, str) or not isinstance(token, str):
            return {}
        headers = {"Authorization": f"Bearer {token}"}
        answer = self._ask(self._http.build_request("GET", endpoint, headers=headers))
        if answer.is_client_error:
            return {}
        claims = self._content(answer)
        if claims.get("sub") != subject:
            raise provider_refused("its claims are of somebody else")
        return claims

    def _check_identity(self, claims: Mapping[str, Any], request: SignInRequest) -> None:
        """OpenID Connect Core 1.0, 3.1.3.7."""
        audience = _several(claims.get("aud"))
        if self._registration.client_id not in audience:
            raise provider_refused("the audience is another")
        if len(audience) > 1 and claims.get("azp") != self._registration.client_id:
            raise provider_refused("it was made for another client")
        if claims.get("nonce") != request.nonce:
            raise provider_refused("the nonce is another")
        if not isinstance(claims.get("sub"), str) or not claims["sub"]:
            raise provider_refused("it names nobody")

    def _checked(self, token: str, types: set[str] | None = None) -> Mapping[str, Any]:
        """The claims of a token that the provider signed, for now, under its own name."""
        decoded = self._decoded(token)
        if types and str(decoded.header.get("typ", "")).lower() not in types:
            raise provider_refused("it is no access token")
        registry = jwt.JWTClaimsRegistry(
            leeway=CLOCK_LEEWAY_S,
            iss={"essential": True, "value": self._registration.issuer},
            exp={"essential": True},
            aud={"essential": True},
        )
        try:
            registry.validate(decoded.claims)
        except JoseError as error:
            raise provider_refused(str(error)) from error
        return decoded.claims

    def _decoded(self, token: str) -> jwt.Token:
        try:
            return jwt.decode(token, self._key_set(), algorithms=ALGORITHMS)
        except (JoseError, ValueError):
            pass
        try:
            return jwt.decode(token, self._key_set(ASKED_AGAIN_AFTER_S), algorithms=ALGORITHMS)
        except (JoseError, ValueError) as error:
            raise provider_refused(str(error)) from error

    def _key_set(self, kept_s: float = KEPT_S) -> KeySet:
        return self._keys.get(kept_s)

    def _fetch_keys(self) -> KeySet:
        content = self._fetched(self._endpoint("jwks_uri"))
        try:
            return KeySet.import_key_set(content)  # type: ignore[arg-type]
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise provider_unavailable() from error

    def _described(self) -> Mapping[str, Any]:
        return self._description.get(KEPT_S)

    def _fetch_description(self) -> Mapping[str, Any]:
        issuer = self._registration.issuer
        content = self._fetched(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if content.get("issuer") != issuer:
            raise provider_unavailable()
        return content

    def _endpoint(self, name: str) -> str:
        found = self._described().get(name)
        if not isinstance(found, str):
            raise provider_unavailable()
        return found

    def _fetched(self, address: str) -> Mapping[str, Any]:
        return self._content(self._ask(self._http.build_request("GET", address)))

    def _ask(self, request: httpx.Request, auth: httpx.Auth | None = None) -> httpx.Response:
        try:
            return self._http.send(request, auth=auth)
        except httpx.HTTPError as error:
            raise provider_unavailable() from error

    def _content(self, answer: httpx.Response) -> Mapping[str, Any]:
        try:
            content = answer.raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            raise provider_unavailable() from error
        if not isinstance(content, dict):
            raise provider_unavailable()
        return content


def _moment(value: object) -> datetime | None:
    """A NumericDate (RFC 7519); None where the claim is none."""
    if not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise provider_refused("its time of signing in is no time") from error


def _several(value: object) -> list[str]:
    """A claim that is one text or a list of them."""
    values = value if isinstance(value, list) else [value]
    return [item for item in values if isinstance(item, str)]


def _form_encoded(text: str) -> str:
    """RFC 6749, 2.3.1: name and secret are encoded as in a form before HTTP Basic is."""
    return urlencode({"": text})[1:]


def _with_query(address: str, query: Mapping[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"
