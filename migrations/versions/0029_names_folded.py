"""Patients' names as they are searched for, without differences of case or composition."""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0025"
branch_labels = None
depends_on = None

PATIENTS = sa.table(
    "patients",
    sa.column("id", sa.Uuid()),
    sa.column("name", sa.String()),
    sa.column("name_folded", sa.Text()),
)


def upgrade() -> None:
    """Migrate forwards: SQLite folds ASCII alone, so it is done here."""
    op.add_column("patients", sa.Column("name_folded", sa.Text(), nullable=True))
    connection = op.get_bind()
    named = sa.select(PATIENTS.c.id, PATIENTS.c.name).where(PATIENTS.c.name.is_not(None))
    for key, name in connection.execute(named).all():
        row = PATIENTS.update().where(PATIENTS.c.id == key)
        connection.execute(row.values(name_folded=_folded(name)))


def downgrade() -> None:
    """Migrate backwards."""
    op.drop_column("patients", "name_folded")


def _folded(text: str) -> str:
    """As `app.domain.worklist.folded` was at this revision."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
