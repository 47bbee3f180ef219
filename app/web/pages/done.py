"""What has just been done, said on the page that an act leads back to."""

from typing import Annotated

from fastapi import Depends

from app.domain.message import message
from app.web.language import translated

_DONE = {
    "erased": message("The patient is erased. The proof of it is the first below."),
    "activated": message("The bundle reads what comes from now on."),
    "in-shadow": message("The bundle reads in shadow from now on."),
    "shadow-ended": message("No bundle reads in shadow any more."),
    "frozen": message("The set is kept, and is being read for the first time."),
    "read": message("The set is being read."),
    "retired": message("The set is read no more. Its runs are kept."),
    "removed": message("The webhook is removed. Nothing is sent to it any more."),
}


def just_done(done: str = "") -> str | None:
    """The sentence of an address's `done`; None without one."""
    sentence = _DONE.get(done)
    return translated(sentence) if sentence else None


DoneDep = Annotated[str | None, Depends(just_done)]
