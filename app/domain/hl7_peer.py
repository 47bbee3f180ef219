"""HL7 peers: where results go, and as what."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from app.domain.errors import Damaged, InvalidInput
from app.domain.message import message

MAX_HOST_LENGTH = 253
MAX_NAME_LENGTH = 180
MOST_PORTS = 65535
CHARSETS = ("UNICODE UTF-8", "8859/1", "8859/15", "ASCII")
LANGUAGES = ("en", "fr")


@dataclass(frozen=True)
class Hl7PeerConfig:
    """What is kept of a peer beside what every destination has.

    Parameters
    ----------
    tls
        Whether the connection is TLS; the certificate must be of `host`.
    authorities
        File (PEM) on this server of who may vouch for the peer; None: those of the system.
    application, facility
        The peer's own names, MSH-5 and MSH-6.
    charset
        Of the messages, MSH-18.
    pdf
        Whether the printed report goes with the numbers.
    language
        Of the printed report.
    """

    host: str
    port: int
    tls: bool = False
    authorities: str | None = None
    application: str = ""
    facility: str = ""
    charset: str = CHARSETS[0]
    pdf: bool = True
    language: str = LANGUAGES[0]

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Self:
        """From the stored JSON; raises `Damaged`."""
        try:
            return cls(**content)
        except TypeError as error:
            raise Damaged(message("The stored HL7 peer is damaged. Make it anew.")) from error

    def to_json(self) -> dict[str, Any]:
        """As it is stored; nothing of it is secret."""
        return asdict(self)

    def checked(self) -> Self:
        """The same, if it can be; raises `InvalidInput`."""
        if not 0 < len(self.host) <= MAX_HOST_LENGTH or not self.host.isprintable():
            raise InvalidInput(message("Give the peer's host, by name or address."))
        if not 0 < self.port <= MOST_PORTS:
            raise InvalidInput(message("The port lies between 1 and {most}.", most=MOST_PORTS))
        if any(len(name) > MAX_NAME_LENGTH for name in (self.application, self.facility)):
            raise InvalidInput(
                message("MSH-5 and MSH-6 hold at most {most} characters.", most=MAX_NAME_LENGTH)
            )
        if self.charset not in CHARSETS:
            raise InvalidInput(
                message("The character set is one of {known}.", known=", ".join(CHARSETS))
            )
        if self.language not in LANGUAGES:
            raise InvalidInput(
                message("The language is one of {known}.", known=", ".join(LANGUAGES))
            )
        if self.authorities and not self.tls:
            raise InvalidInput(message("Certificates of authorities are of use with TLS alone."))
        return self
