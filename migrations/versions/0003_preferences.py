"""What a person chose: name under a signature, language, brightness, tour."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Migrate forwards."""
    with op.batch_alter_table("users") as table:
        table.add_column(sa.Column("full_name", sa.String(length=200), nullable=True))
        table.add_column(sa.Column("language", sa.String(length=10), nullable=True))
        table.add_column(
            sa.Column("theme", sa.String(length=10), nullable=False, server_default="system")
        )
        table.add_column(
            sa.Column("tour_seen", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    # The defaults were for the accounts that are there; new ones say each value themselves.
    with op.batch_alter_table("users") as table:
        table.alter_column("theme", server_default=None)
        table.alter_column("tour_seen", server_default=None)


def downgrade() -> None:
    """Migrate backwards."""
    with op.batch_alter_table("users") as table:
        for name in ("tour_seen", "theme", "language", "full_name"):
            table.drop_column(name)
