"""The one tree of errors; `app.web.errors` maps it to HTTP statuses.

Every message says what is wrong and what to do. None carries a patient's name or number.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.message import message


class VexascopeError(Exception):
    """Something that the product can explain to the person or system that asked."""

    title: str = message("The request could not be done")

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class InvalidInput(VexascopeError):
    """What was sent cannot be accepted as it is."""

    title = message("The input is not valid")


class ElementRefused(InvalidInput):
    """One element of a FHIR resource cannot be accepted.

    Parameters
    ----------
    expression
        Which one, as a FHIRPath.
    code
        Why, of FHIR's IssueType: ``required``, ``value``, ``structure``, ``not-supported`` ...
    """

    def __init__(self, expression: str, code: str, detail: str) -> None:
        super().__init__(detail)
        self.expression = expression
        self.code = code


class NotFound(VexascopeError):
    """No such case, cell, upload or report."""

    title = message("Not found")


class OfAnotherSite(NotFound):
    """It is there, and belongs to a site that the account does not see: told as if it were not."""


class Gone(NotFound):
    """A case that was there and was erased."""

    title = message("Erased")


class Conflict(VexascopeError):
    """What was asked contradicts what is stored."""

    title = message("Conflict with what is stored")


class KeyReused(Conflict):
    """An Idempotency-Key that stands for another request already."""

    title = message("The Idempotency-Key is taken")


class KeyInUse(Conflict):
    """The request that holds the Idempotency-Key is still at work."""

    title = message("The first request is running")


class AnswerNotKept(Conflict):
    """What an Idempotency-Key stands for is done, and its answer cannot be given again."""

    title = message("The answer is not kept")


class Duplicate(Conflict):
    """What was sent is stored already."""


class PreconditionMissing(VexascopeError):
    """A change that does not say what it has seen of what it changes."""

    title = message("Say what you have read")


class PreconditionFailed(VexascopeError):
    """What is to be changed is no longer what was read."""

    title = message("Changed meanwhile")


class AnotherUser(VexascopeError):
    """A page acts for one user, and another is signed in by now."""

    title = message("Somebody else is signed in")


class Locked(VexascopeError):
    """Another request holds what this one needs."""

    title = message("In use")


class TooLarge(VexascopeError):
    """More bytes, files or pixels than the limits allow."""

    title = message("Too large")


class NotSignedIn(VexascopeError):
    """No credentials, or wrong ones."""

    title = message("Sign in first")


class Forbidden(VexascopeError):
    """Signed in, but not allowed: the role, or a request from another site."""

    title = message("Not allowed")


class TooManyAttempts(VexascopeError):
    """Signing in failed too often."""

    title = message("Too many attempts")

    def __init__(self, detail: str, *, retry_after_s: int) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class TooManyRequests(TooManyAttempts):
    """More requests in a minute than the settings allow."""

    title = message("Too many requests")


class BundleRefused(VexascopeError):
    """A classifier bundle is incomplete, damaged or does not fit this version."""

    title = message("The classifier bundle was refused")


class DatasetRefused(VexascopeError):
    """An annotated data set is incomplete, contradicts itself or leaks between its splits."""

    title = message("The data set was refused")


class StorageUnavailable(VexascopeError):
    """The object store or the database does not answer."""

    title = message("Storage is unavailable")


class ProviderUnavailable(VexascopeError):
    """The OpenID Connect provider does not answer, or not as it should."""

    title = message("The sign-in provider is unavailable")


class Damaged(VexascopeError):
    """What is stored is not what was stored."""

    title = message("A stored record is damaged")


class SettingsRefused(VexascopeError):
    """The environment asks for something that cannot be."""

    title = message("The settings were refused")


class ImageRefused(VexascopeError):
    """One file is not an image that can be read; `reason` is a stable code."""

    title = message("The image was refused")

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True)
class RefusedFile:
    """One file that was kept out, and why.

    Parameters
    ----------
    file
        The name that the sender gave; inside an archive `archive.zip/name.jpg`.
    reason
        A stable code, as in `ImageRefused.reason`.
    detail
        A sentence for the person who sent it.
    """

    file: str
    reason: str
    detail: str


class NothingAccepted(InvalidInput):
    """Not one of the files could be read; nothing was stored."""

    title = message("No image was accepted")

    def __init__(self, detail: str, refused: Sequence[RefusedFile]) -> None:
        super().__init__(detail)
        self.refused = tuple(refused)
