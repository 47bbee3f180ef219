"""Bundles that ever ran here, in SQL."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db.inserting import insert_new
from app.db.tables import BundleRow
from app.domain.bundle import parse_manifest
from app.domain.errors import NotFound
from app.domain.message import message
from app.domain.screening import parse_rule
from app.ports import Bundle

_log = structlog.get_logger(__name__)


class SqlBundleRepository:
    """`BundleRepository` on one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def remember(self, bundle: Bundle, files: Mapping[str, str], seen_at: datetime) -> None:
        """Keep `manifest.json` and `screening.json` as they were read; two workers may race.

        An imported case may have brought this bundle before: what its own files say wins.
        """
        row = {
            "digest": bundle.manifest.digest,
            "name": bundle.manifest.name,
            "version": bundle.manifest.version,
            "manifest": json.loads(files["manifest.json"]),
            "rule": json.loads(files["screening.json"]),
            "first_seen_at": seen_at,
        }
        insert_new(self._session, BundleRow, [row])
        kept = self._session.get_one(BundleRow, row["digest"], populate_existing=True)
        if (kept.manifest, kept.rule) != (row["manifest"], row["rule"]):
            _log.warning("a case brought this bundle with other contents", digest=kept.digest)
            kept.manifest, kept.rule = row["manifest"], row["rule"]
            kept.name, kept.version = row["name"], row["version"]
            self._session.flush()

    def get(self, digest: str) -> Bundle:
        """Manifest and rule as they ran."""
        row = self._session.scalar(select(BundleRow).where(BundleRow.digest == digest))
        if row is None:
            raise NotFound(
                message("No bundle with the digest {digest} ever ran here.", digest=digest)
            )
        return Bundle(parse_manifest(row.manifest), parse_rule(row.rule))

    def digests(self) -> Sequence[str]:
        """By the time at which each was first seen."""
        newest = (BundleRow.first_seen_at.desc(), BundleRow.digest)
        return list(self._session.scalars(select(BundleRow.digest).order_by(*newest)))
