"""In which site the cases of HL7 orders are opened."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from app.domain.errors import SettingsRefused
from app.domain.site import DEFAULT_SITE_ID
from app.interchange.hl7v2 import Segment
from app.interchange.hl7v2_refusal import Condition, Location, rejected, to_mend
from app.ports import Transaction


@dataclass(frozen=True)
class OrderSites:
    """The site of each order, as who runs the server has chosen.

    Parameters
    ----------
    usual
        Name of the site of orders that name no laboratory; None: the main one.
    by_facility
        Names of sites, by what orders call them in MSH-6. Empty: MSH-6 is not looked at.
    """

    usual: str | None = None
    by_facility: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, usual: str | None, text: str) -> "OrderSites":
        """From the settings; raises `SettingsRefused`."""
        pairs = [part.partition("=") for part in text.split(";") if part.strip()]
        found = {facility.strip(): name.strip() for facility, _, name in pairs}
        if not all(facility and name for facility, name in found.items()):
            raise SettingsRefused(
                "VEXASCOPE_HL7_SITES must be pairs of MSH-6 and a site, as "
                "HAEM-A=Laboratory A;HAEM-B=Laboratory B."
            )
        return cls(usual, found)

    def check(self, transaction: Transaction) -> None:
        """Whether each site is there, and open; raises `SettingsRefused`."""
        if _site(transaction, self.usual) is None:
            raise SettingsRefused(f"VEXASCOPE_HL7_SITE: no open site is named {self.usual}.")
        for name in self.by_facility.values():
            if _site(transaction, name) is None:
                raise SettingsRefused(f"VEXASCOPE_HL7_SITES: no open site is named {name}.")

    def chosen(self, transaction: Transaction, header: Segment) -> UUID:
        """The site of an order; raises `MessageRefused`."""
        site_id = _site(transaction, self._name(header.text(6)))
        if site_id is None:
            raise rejected(Condition.INTERNAL, "The site of orders is closed. Tell the laboratory.")
        return site_id

    def _name(self, facility: str) -> str | None:
        if not facility or not self.by_facility:
            return self.usual
        if facility not in self.by_facility:
            raise to_mend(
                Condition.TABLE_VALUE_NOT_FOUND,
                "MSH-6 names no laboratory that orders are taken for here.",
                Location("MSH", 6),
            )
        return self.by_facility[facility]


def _site(transaction: Transaction, name: str | None) -> UUID | None:
    """A site by its name, or the main one; None where it is not there, or is closed."""
    for site in transaction.sites.all():
        is_meant = site.id == DEFAULT_SITE_ID if name is None else site.name == name
        if is_meant and site.is_active:
            return site.id
    return None
