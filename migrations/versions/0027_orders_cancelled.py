"""Orders: how exactly the time of the sample is known, and when the order was cancelled."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0022"
branch_labels = None
depends_on = None

WORKLIST = sa.table(
    "worklist",
    sa.column("state", sa.String()),
    sa.column("state_rank", sa.Integer()),
    sa.column("cell_count", sa.Integer()),
    sa.column("pending_count", sa.Integer()),
)


def upgrade() -> None:
    """Migrate forwards: times that are there count as known to the second, as they were sent."""
    op.add_column("orders", sa.Column("collected_precision", sa.String(10), nullable=True))
    op.add_column("orders", sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Migrate backwards: who orders cannot take an order back, so a cancelled case is open."""
    for rank, state, is_so in (
        (0, "empty", WORKLIST.c.cell_count == 0),
        (2, "classifying", WORKLIST.c.pending_count > 0),
        (3, "to_review", sa.true()),
    ):
        lines = WORKLIST.update().where(WORKLIST.c.state == "cancelled", is_so)
        op.execute(lines.values(state=state, state_rank=rank))
    op.drop_column("orders", "cancelled_at")
    op.drop_column("orders", "collected_precision")
