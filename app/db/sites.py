"""Sites in SQL."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import Select, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.db.site_tables import SiteRow, UserSiteRow
from app.domain.errors import Conflict, NotFound
from app.domain.message import message
from app.domain.site import Site


class SqlSiteRepository:
    """`SiteRepository` on one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, site: Site) -> None:
        """Insert one."""
        self._session.add(SiteRow(**vars(site)))
        self._flush(site.name)

    def put(self, site: Site) -> None:
        """Write name and activity."""
        row = self._session.get(SiteRow, site.id)
        if row is None:
            raise NotFound(message("There is no such site."))
        row.name, row.is_active = site.name, site.is_active
        self._flush(site.name)

    def all(self) -> Sequence[Site]:
        """By name."""
        return self._read(select(SiteRow))

    def held(self) -> Sequence[Site]:
        """Locked in the order of their keys; SQLite locks nothing before something is written."""
        self._session.execute(select(SiteRow.id).order_by(SiteRow.id).with_for_update()).all()
        unchanged = update(SiteRow).values(is_active=SiteRow.is_active)
        self._session.execute(unchanged.execution_options(synchronize_session=False))
        return self._read(select(SiteRow).execution_options(populate_existing=True))

    def _read(self, query: Select[SiteRow]) -> list[Site]:
        rows = self._session.scalars(query.order_by(SiteRow.name))
        return [Site(row.id, row.name, row.created_at, row.is_active) for row in rows]

    def set_sites_of(self, user_id: UUID, site_ids: Collection[UUID]) -> None:
        """Replace what an account sees."""
        self._session.execute(delete(UserSiteRow).where(UserSiteRow.user_id == user_id))
        rows = [{"user_id": user_id, "site_id": site_id} for site_id in sorted(site_ids)]
        if rows:
            self._session.execute(insert(UserSiteRow), rows)

    def _flush(self, name: str) -> None:
        try:
            self._session.flush()
        except IntegrityError as error:
            raise Conflict(message("A site named {name} exists already.", name=name)) from error
