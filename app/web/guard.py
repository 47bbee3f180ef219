"""Who is there, may they, and what they did: asked and noted around every route.

The framework reads and parses a body before it runs the dependencies of a route. Asked here, a
stranger's body stays unread. A request without a rule in `app.web.access` reaches no route.
"""

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.domain.access import Permission, Role, scopes_for
from app.domain.audit import AuditEvent, Outcome
from app.domain.errors import (
    Forbidden,
    NotFound,
    NotSignedIn,
    OfAnotherSite,
    StorageUnavailable,
    TooManyRequests,
    VexascopeError,
)
from app.domain.message import message
from app.domain.user import User
from app.services.acting import Act, acting_as, become
from app.web.access import Anyone, Matched, has_path, rule_for
from app.web.actors import actor_of
from app.web.dependencies import auditor_of, container_of, rate_limits_of, security_of
from app.web.errors import explain
from app.web.idle import use_idle
from app.web.language import chosen_language, use_language
from app.web.named_sites import NamedSites, key_of
from app.web.origins import SAFE_METHODS

SERVER_ERROR = 500
# Asked for by probes, and many times by each page.
UNCOUNTED = {"/health/live", "/health/ready", "/static/{path:path}"}
REFUSALS = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS}


class Guard:
    """Let a request through to its route if its rule allows; it needs the session around it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Ask, pass on, note; everything but HTTP passes untouched."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        matched = rule_for(scope["method"], scope["path"])
        # For the metrics, which count by template: a path holds keys.
        scope.setdefault("state", {})["route"] = matched.template if matched else None
        if matched is not None and matched.rule.needs is Anyone.OPEN and not matched.rule.action:
            await self._pass_on(request, matched, receive, send)
            return
        with acting_as(actor_of(request, None)) as act:
            noting = _Noting(request, matched, act, send)
            try:
                await rate_limits_of(request).check_address(request)
                if matched is None or matched.rule.needs is not Anyone.OPEN:
                    await _let_in(request, matched)
                if language := getattr(request.state, "language", None):
                    use_language(language)
                if hasattr(request.state, "session"):
                    use_idle(container_of(request).settings.session_idle_minutes * 60)
                await self._app(scope, receive, noting.send)
            except VexascopeError as error:
                # The server throws away what still comes of the body.
                noting.refused = error
                await explain(request, error)(scope, receive, noting.send)
            except Exception:
                await noting.write(SERVER_ERROR)
                raise

    async def _pass_on(
        self, request: Request, matched: Matched, receive: Receive, send: Send
    ) -> None:
        """What is open to all, and not noted: only too much of it is refused."""
        answer: ASGIApp = self._app
        try:
            if matched.template not in UNCOUNTED:
                await rate_limits_of(request).check_address(request)
        except TooManyRequests as error:
            answer = explain(request, error)
        await answer(request.scope, receive, send)


async def _let_in(request: Request, matched: Matched | None) -> None:
    """Raise unless the rule allows; note who asks."""
    sites = NamedSites(matched.keys if matched else {})
    user = await run_in_threadpool(_ask, request, sites)
    request.state.user = user
    await rate_limits_of(request).check_account(user)
    become(actor_of(request, user))
    if user.language:
        # A system has no session: its account's choice is known only now.
        request.state.language = chosen_language(user.language, "")
    if matched is not None:
        _permit(user, matched)
        sites.check(user)
    elif not has_path(request.url.path):
        raise NotFound(message("There is no such address."))
    # Else the route answers that it does not know the method.


def _ask(request: Request, sites: NamedSites) -> User:
    """Who is there; what the path names is looked up with it."""
    user = security_of(request).user_of(request, sites.look)
    sites.look_up(container_of(request))
    return user


class _Noting:
    """Writes the audit's entry before the answer begins; without it, none goes out."""

    def __init__(self, request: Request, matched: Matched | None, act: Act, send: Send) -> None:
        self.refused: VexascopeError | None = None
        self._request = request
        self._matched = matched
        self._act = act
        self._send = send
        self._is_replaced = False

    async def send(self, sent: Message) -> None:
        """Hold the start of an answer until its entry is stored."""
        if sent["type"] == "http.response.start":
            try:
                await self.write(sent["status"])
            except StorageUnavailable as error:
                self._is_replaced = True
                response = explain(self._request, error)
                await response(self._request.scope, self._request.receive, self._send)
        if not self._is_replaced:
            await self._send(sent)

    async def write(self, status: int) -> None:
        """Store the entry, if there is to be one."""
        event = self._event(status)
        if event is not None:
            await auditor_of(self._request).write(event)

    def _event(self, status: int) -> AuditEvent | None:
        outcome = self._outcome(status)
        rule = self._matched.rule if self._matched else None
        action = rule.action if rule else None
        if outcome is Outcome.DONE and (action is None or self._act.is_noted):
            return None
        if outcome is Outcome.REFUSED and not self._is_telling(status):
            return None
        keys = self._matched.keys if self._matched else {}
        return AuditEvent(
            at=container_of(self._request).now(),
            actor=self._act.actor,
            action=action or "request",
            outcome=outcome,
            case_id=self._act.case_id or key_of(keys.get("case_id")),
            subject=_subject(keys) or self._act.subject,
            after=None if outcome is Outcome.DONE else {"status": status},
        )

    def _outcome(self, status: int) -> Outcome:
        if status >= SERVER_ERROR:
            return Outcome.FAILED
        refused = self.refused is not None or status >= HTTPStatus.BAD_REQUEST
        return Outcome.REFUSED if refused else Outcome.DONE

    def _is_telling(self, status: int) -> bool:
        """Whether a refusal says something: not a stranger who only came by, not a wrong link.

        Nor a flood of requests: an entry for each would be what the limit is to prevent.
        """
        if isinstance(self.refused, TooManyRequests):
            return False
        if isinstance(self.refused, NotSignedIn):
            return "authorization" in self._request.headers
        is_elsewhere = isinstance(self.refused, OfAnotherSite)
        is_act = self._request.method not in SAFE_METHODS
        return is_act or is_elsewhere or status in REFUSALS


def _subject(keys: Mapping[str, str]) -> str | None:
    """What else the path names: keys of cells, uploads, accounts; never a token."""
    shown = (f"{name.removesuffix('_id')}:{key}" for name, key in keys.items() if key_of(key))
    return " ".join(item for item in shown if not item.startswith("case:")) or None


def _permit(user: User, matched: Matched) -> None:
    """Raise `Forbidden` unless the account may."""
    needed = matched.rule.needs
    if not isinstance(needed, Permission) or user.may(needed):
        return
    if user.role is Role.SYSTEM:
        raise Forbidden(
            message(
                "This key does not open it. It needs one of the scopes {scopes}.",
                scopes=", ".join(scopes_for(needed)) or "(none: only people may)",
            )
        )
    raise Forbidden(
        message(
            "Your account's role, {role}, may not do this. Ask an administrator.",
            role=user.role.value,
        )
    )
