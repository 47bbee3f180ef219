"""The typed client of the REST interface, for programs that send cells and read reports.

It imports nothing else of the product: a program may use it without a server beside it.
"""

from app.client.errors import (
    Conflict,
    Failed,
    NotAllowed,
    NotFound,
    NotSignedIn,
    NotUnderstood,
    NotValid,
    Problem,
    Redirected,
    TimedOut,
    TooLarge,
    TooManyRequests,
    Unreachable,
    VexascopeClientError,
)
from app.client.events import Event
from app.client.models import (
    Abnormality,
    Bundle,
    Case,
    Cell,
    ClinicalContext,
    Happening,
    Happenings,
    Progress,
    RefusedFile,
    Report,
    Score,
    SignedVersion,
)
from app.client.sending import Delivered, SendProgress
from app.client.session import Vexascope
from app.client.transport import Retries

__all__ = [
    "Abnormality",
    "Bundle",
    "Case",
    "Cell",
    "ClinicalContext",
    "Conflict",
    "Delivered",
    "Event",
    "Failed",
    "Happening",
    "Happenings",
    "NotAllowed",
    "NotFound",
    "NotSignedIn",
    "NotUnderstood",
    "NotValid",
    "Problem",
    "Progress",
    "Redirected",
    "RefusedFile",
    "Report",
    "Retries",
    "Score",
    "SendProgress",
    "SignedVersion",
    "TimedOut",
    "TooLarge",
    "TooManyRequests",
    "Unreachable",
    "Vexascope",
    "VexascopeClientError",
]
