"""Numbers that are unique in a site: what was given, where the unique column holds a key."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Migrate forwards: the cases that are there keep their numbers as keys."""
    op.add_column("patients", sa.Column("own_identifier", sa.String(length=200), nullable=True))
    op.add_column("cases", sa.Column("own_number", sa.String(length=200), nullable=True))


def downgrade() -> None:
    """Migrate backwards; numbers of other sites than the main one stay as keys."""
    op.drop_column("cases", "own_number")
    op.drop_column("patients", "own_identifier")
