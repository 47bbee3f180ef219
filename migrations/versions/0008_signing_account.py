"""The account under which a report was signed, beside the printed name."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Migrate forwards; what was signed before has none in its text either."""
    op.add_column(
        "report_versions",
        sa.Column("account_name", sa.String(200), nullable=False, server_default=""),
    )


def downgrade() -> None:
    """Migrate backwards."""
    op.drop_column("report_versions", "account_name")
