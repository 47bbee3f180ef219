"""Places of events in the order of their commits, and how many there are."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0027"
branch_labels = None
depends_on = None

EVENTS = sa.table(
    "outbox_events", sa.column("id", sa.Uuid()), sa.column("position", sa.BigInteger())
)
INDEX = "ix_outbox_events_position"


def upgrade() -> None:
    """Migrate forwards: events that are there are placed by their keys, which are by time."""
    op.add_column("outbox_events", sa.Column("position", sa.BigInteger(), nullable=True))
    count = _place()
    op.create_index(op.f(INDEX), "outbox_events", ["position"], unique=True)
    head = op.create_table(
        "outbox_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_head")),
    )
    op.bulk_insert(head, [{"id": 1, "count": count}])


def downgrade() -> None:
    """Migrate backwards; who asks for what happened since begins anew."""
    op.drop_table("outbox_head")
    op.drop_index(op.f(INDEX), "outbox_events")
    op.drop_column("outbox_events", "position")


def _place() -> int:
    connection = op.get_bind()
    keys = connection.scalars(sa.select(EVENTS.c.id).order_by(EVENTS.c.id)).all()
    placed = (
        sa.update(EVENTS)
        .where(EVENTS.c.id == sa.bindparam("key", type_=sa.Uuid()))
        .values(position=sa.bindparam("place", type_=sa.BigInteger()))
    )
    if keys:
        rows = [{"key": key, "place": place} for place, key in enumerate(keys, start=1)]
        connection.execute(placed, rows)
    return len(keys)
