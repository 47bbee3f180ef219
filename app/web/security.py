"""Who is behind a request: session cookies for people, HTTP Basic or bearer tokens for systems."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request, Response

from app.bootstrap import Container
from app.domain.client import KEY_START
from app.domain.errors import NotSignedIn
from app.domain.external import ExternalClient
from app.domain.message import message
from app.domain.sign_in import Method, Session
from app.domain.user import User
from app.ports import Transaction
from app.services import clients, identity, sessions
from app.services.acting import become
from app.services.sessions import CONFIRMATION_LIFE
from app.web.actors import actor_of
from app.web.cookies import Devices
from app.web.origins import address_of, browser_of, is_act, refuse_cross_site
from app.web.passwords import BasicCredentials, PasswordChecks
from app.web.provider import ProviderSignIn
from app.web.second_step import SecondStep

# Keys and tokens of this product hold none.
_DOTS_OF_A_JWT = 2

Look = Callable[[Transaction], object]
"""What else a request needs to know before its route is reached."""


def _nowhere(_: Transaction) -> None:
    """Look at nothing."""


@dataclass(frozen=True)
class DemonstrationLink:
    """What stands in the link that the demonstration prints, and whom it signs in."""

    token: str
    user_name: str


class Security:
    """Who is behind a request."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._devices = Devices(container)
        self._checks = PasswordChecks(container, self._devices)
        self._basic = BasicCredentials(container, self._checks)
        self._second_step = SecondStep(container, self._devices)
        self.provider = ProviderSignIn(container)
        # Only the demonstration sets it: a link that signs in to made-up cases.
        self.demonstration: DemonstrationLink | None = None

    def user_of(self, request: Request, look: Look = _nowhere) -> User:
        """The account behind a request.

        Parameters
        ----------
        look
            What else is to be read; called where a transaction is open already, or not at all.

        Raises
        ------
        NotSignedIn, TooManyAttempts
        Forbidden
            If a cookie, or Basic, came with a change that another site caused.
        """
        scheme, value = _authorization(request)
        match scheme:
            case "basic":
                # Browsers keep Basic credentials, and send them with another site's forms too.
                refuse_cross_site(request)
                return self._basic.user_of(request, value)
            case "bearer":
                return self._bearer(request, value.strip(), look)
            case "":
                return self._cookie(request, look)
            case _:
                raise NotSignedIn(message("Use HTTP Basic or a bearer token."))

    def sign_in(self, request: Request, name: str, password: str) -> User | None:
        """Check a name and password and start a session; None where a code is needed too."""
        refuse_cross_site(request)
        user = self._checks.check(request, name, password)
        if self._second_step.begin(request, user):
            return None
        self.start_session(request, user, Method.PASSWORD)
        return user

    def finish_sign_in(self, request: Request, code: str) -> User:
        """Check the code of the second factor and start a session.

        Raises
        ------
        NotSignedIn, TooManyAttempts
        """
        refuse_cross_site(request)
        user = self._second_step.finish(request, code)
        self.start_session(request, user, Method.SECOND_FACTOR)
        return user

    def remember_browser(self, request: Request, response: Response, user: User) -> None:
        """Note in the browser that it has signed in to the account."""
        self._devices.remember(request, response, user)

    def confirm_password(self, request: Request, user: User, password: str) -> None:
        """Ask who is signed in for the password again, under the same limit as signing in.

        Who has none here has proved at the provider who they are, and uses that proof up.

        Raises
        ------
        NotSignedIn
            If it is wrong, or there is no such proof.
        TooManyAttempts
        """
        if user.has_password:
            self._checks.check(request, user.name, password)
        elif not self._use_confirmation(request):
            raise NotSignedIn(message("Prove at the provider who you are, then sign."))

    def is_confirmed(self, request: Request) -> bool:
        """Whether the person has proved at the provider who they are, for a signature to come."""
        session: Session | None = getattr(request.state, "session", None)
        proved_at = session.confirmed_at if session else None
        return proved_at is not None and proved_at >= self._container.now() - CONFIRMATION_LIFE

    def _use_confirmation(self, request: Request) -> bool:
        session: Session | None = getattr(request.state, "session", None)
        if session is None:
            return False
        since = self._container.now() - CONFIRMATION_LIFE
        with self._container.transactions() as transaction:
            return transaction.sessions.use_confirmation(session.id, since)

    def sign_in_to_demonstration(self, request: Request, token: str) -> User:
        """Start a session from the demonstration's link."""
        link = self.demonstration
        if link is None or not hmac.compare_digest(link.token.encode(), token.encode()):
            raise NotSignedIn(message("This link does not sign in (any more)."))
        with self._container.transactions() as transaction:
            user = transaction.users.by_name(link.user_name)
        if user is None:
            raise NotSignedIn(message("There is no account yet."))
        self.start_session(request, user, Method.DEMONSTRATION)
        return user

    def start_session(self, request: Request, user: User, method: Method) -> None:
        """Let the browser in: with a new token, and nothing of the session before."""
        now, rule = self._container.now(), self._container.session_rule
        with self._container.transactions() as transaction:
            if earlier := _token(request):
                found = sessions.find(transaction, earlier, rule, now)
                if found:
                    transaction.sessions.end(found[0].id, found[1].id)
            transaction.sessions.forget(now - rule.longest)
            token, _ = sessions.start(transaction, user, browser_of(request), method, now)
        _renew_cookie(request, token)
        become(actor_of(request, user))
        if user.language:
            keep_language(request, user.language)

    def session_of(self, request: Request, look: Look = _nowhere) -> tuple[User, Session] | None:
        """The session of a request's cookie, if there is one that has not ended."""
        token = _token(request)
        if token is None:
            return None
        with self._container.transactions() as transaction:
            now = self._container.now()
            found = sessions.find(transaction, token, self._container.session_rule, now)
            if found and is_act(request):
                sessions.note_act(transaction, found[1], now)
            look(transaction)
        return found

    def sign_out(self, request: Request) -> Session | None:
        """End the session; nobody needs to be signed in for it."""
        refuse_cross_site(request)
        found = self.session_of(request)
        request.session.clear()
        if found is None:
            return None
        user, session = found
        become(actor_of(request, user))
        with self._container.transactions() as transaction:
            transaction.sessions.end(user.id, session.id)
        return session

    def _cookie(self, request: Request, look: Look) -> User:
        if _token(request) is None:
            raise NotSignedIn(message("Sign in to see this."))
        # Before the session: what another site caused is no act of the person.
        refuse_cross_site(request)
        found = self.session_of(request, look)
        if found is None or self._is_kept_out(*found):
            _renew_cookie(request, None)
            raise NotSignedIn(message("The sign-in has ended. Sign in again."))
        request.state.session = found[1]
        return found[0]

    def _bearer(self, request: Request, token: str, look: Look) -> User:
        """A key of an API client, the token of a person, or a token of the identity provider."""
        # Before the transaction: the provider may be asked for its keys, and be slow.
        vouched = self._vouched(token) if token.count(".") == _DOTS_OF_A_JWT else None
        with self._container.transactions() as transaction:
            if vouched is not None:
                user = clients.check_external(transaction, vouched)
            else:
                user = self._shown(transaction, token, address_of(request))
            look(transaction)
        return user

    def _shown(self, transaction: Transaction, token: str, address: str) -> User:
        now = self._container.now()
        if token.startswith(KEY_START):
            return clients.check_key(transaction, token, address, now).account
        user = identity.check_token(transaction, token, now)
        if self._is_kept_out(user):
            raise NotSignedIn(message("Only the provider opens this account now, and no token."))
        return user

    def _is_kept_out(self, user: User, session: Session | None = None) -> bool:
        """Whether what was opened before is closed by the settings now."""
        method = session.method if session else None
        return self._container.local_sign_in.keeps_out(user, method)

    def _vouched(self, token: str) -> ExternalClient:
        provider = self._container.identity_provider
        if provider is None:
            raise NotSignedIn(message("No sign-in provider is set, whose tokens could be taken."))
        return provider.client(token)


def keep_language(request: Request, language: str) -> None:
    """Put a choice into the session, where `LanguageMiddleware` finds it; empty: the browser's."""
    request.session["language"] = language


def is_signed_in(request: Request) -> bool:
    """Whether the browser has the cookie of a session, which may have ended."""
    return _token(request) is not None


def has_token(request: Request) -> bool:
    """Whether the request came with a bearer token."""
    return _authorization(request)[0] == "bearer"


def _authorization(request: Request) -> tuple[str, str]:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return scheme.lower(), value


def _token(request: Request) -> str | None:
    token = request.session.get("token")
    return token if isinstance(token, str) else None


def _renew_cookie(request: Request, token: str | None) -> None:
    """Leave nothing in the cookie but the language, for all who chose none in their preferences."""
    spoken = request.session.get("language", "")
    request.session.clear()
    request.session["language"] = spoken
    if token is not None:
        request.session["token"] = token
