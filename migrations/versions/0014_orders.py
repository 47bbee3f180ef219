"""Orders of other systems, and the messages that they came in."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Migrate forwards."""
    op.create_table(
        "orders",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("placer_number", sa.String(200), nullable=False),
        sa.Column("filler_number", sa.String(200), nullable=True),
        sa.Column("collected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("echo", sa.JSON(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_orders_case_id_cases"),
        sa.PrimaryKeyConstraint("case_id", name="pk_orders"),
    )
    op.create_index("ix_orders_placer_number", "orders", ["placer_number"])
    op.create_table(
        "received_messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sender", sa.String(500), nullable=False),
        sa.Column("control_id", sa.String(200), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name="fk_received_messages_case_id_cases"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_received_messages"),
        sa.UniqueConstraint("sender", "control_id", name="uq_received_messages_sender_control_id"),
    )
    op.create_index("ix_received_messages_case_id", "received_messages", ["case_id"])


def downgrade() -> None:
    """Migrate backwards."""
    op.drop_index("ix_received_messages_case_id", table_name="received_messages")
    op.drop_table("received_messages")
    op.drop_index("ix_orders_placer_number", table_name="orders")
    op.drop_table("orders")
