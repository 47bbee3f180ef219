"""Sites: whose cases they are, and who sees them."""

from datetime import UTC, datetime
from uuid import UUID

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

MAIN = UUID(int=1)


def upgrade() -> None:
    """Migrate forwards: all cases and accounts belong to the site that everybody has."""
    sites = op.create_table(
        "sites",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sites")),
        sa.UniqueConstraint("name", name=op.f("uq_sites_name")),
    )
    now = datetime.now(UTC)
    main = {"id": MAIN, "name": "Main laboratory", "is_active": True, "created_at": now}
    op.bulk_insert(sites, [main])
    op.create_table(
        "user_sites",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], op.f("fk_user_sites_user_id_users")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], op.f("fk_user_sites_site_id_sites")),
        sa.PrimaryKeyConstraint("user_id", "site_id", name=op.f("pk_user_sites")),
    )
    op.execute(
        "INSERT INTO user_sites (user_id, site_id) SELECT users.id, sites.id FROM users, sites"
    )
    for table in ("cases", "worklist"):
        op.add_column(
            table, sa.Column("site_id", sa.Uuid(), nullable=False, server_default=MAIN.hex)
        )


def downgrade() -> None:
    """Migrate backwards; whose cases they are is lost."""
    for table in ("worklist", "cases"):
        op.drop_column(table, "site_id")
    op.drop_table("user_sites")
    op.drop_table("sites")
