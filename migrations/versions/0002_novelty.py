"""How unlike the learnt neutrophils a cell is; NULL for what was read before."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Migrate forwards."""
    # Both databases add a column that may be NULL in place, without rewriting the table.
    op.add_column("findings", sa.Column("novelty", sa.Float(precision=53), nullable=True))


def downgrade() -> None:
    """Migrate backwards."""
    op.drop_column("findings", "novelty")
