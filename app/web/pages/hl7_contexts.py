"""What the pages of HL7 may know."""

from dataclasses import dataclass

from app.web.pages.contexts import Named
from app.web.pages.destination_contexts import DestinationLine, MessagesPart


@dataclass(frozen=True)
class Hl7Page:
    """hl7.html: how orders are taken, and where results go.

    Parameters
    ----------
    listener
        The settings of the listener; empty where it is off.
    """

    listener: tuple[Named, ...]
    peers: tuple[DestinationLine, ...]


@dataclass(frozen=True)
class Hl7PeerPage:
    """hl7_peer.html: one peer and the results that it is sent.

    Parameters
    ----------
    can_switch
        Whether the viewer may: one of all sites is for who sees them all.
    facts
        How it is spoken to.
    trouble
        That it is off or does not answer, and why; None while all is well.
    saved
        What has just been done, in a sentence.
    """

    peer: DestinationLine
    enabled: bool
    can_switch: bool
    facts: tuple[Named, ...]
    trouble: str | None
    saved: str | None
    sent: MessagesPart
