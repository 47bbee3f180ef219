"""API clients and their keys."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Migrate forwards."""
    op.create_table(
        "api_clients",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("subject", sa.String(length=255), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_api_clients_user_id_users"),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name="fk_api_clients_created_by_users"
        ),
        sa.PrimaryKeyConstraint("user_id", name="pk_api_clients"),
        sa.UniqueConstraint("subject", name="uq_api_clients_subject"),
    )
    op.create_table(
        "client_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("prefix", sa.String(length=20), nullable=False),
        sa.Column("key_sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_from", sa.String(length=45), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["api_clients.user_id"], name="fk_client_keys_client_id_api_clients"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_client_keys"),
        sa.UniqueConstraint("prefix", name="uq_client_keys_prefix"),
    )
    op.create_index("ix_client_keys_client_id", "client_keys", ["client_id"])


def downgrade() -> None:
    """Migrate backwards; the accounts of the clients stay, and nothing opens them."""
    op.drop_index("ix_client_keys_client_id", table_name="client_keys")
    op.drop_table("client_keys")
    op.drop_table("api_clients")
