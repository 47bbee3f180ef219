"""Orders: how exactly the time of the sample is known, and when the order was cancelled."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Migrate forwards: times that are there count as known to the second, as they were sent."""
    op.add_column("orders", sa.Column("collected_precision", sa.String(10), nullable=True))
    op.add_column("orders", sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Migrate backwards."""
    op.drop_column("orders", "cancelled_at")
    op.drop_column("orders", "collected_precision")
