"""What a person chose: name under a signature, language, brightness, tour."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Migrate forwards.

    Each column is added in place: to make the table anew, as SQLite must for other changes, would
    drop it, and what points to its rows forbids that.
    """
    op.add_column("users", sa.Column("full_name", sa.String(length=200), nullable=True))
    op.add_column("users", sa.Column("language", sa.String(length=10), nullable=True))
    op.add_column(
        "users",
        sa.Column("theme", sa.String(length=10), nullable=False, server_default="system"),
    )
    op.add_column(
        "users",
        sa.Column("tour_seen", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    """Migrate backwards."""
    for name in ("tour_seen", "theme", "language", "full_name"):
        op.drop_column("users", name)
