"""Files in the making, and the names of the files that a delivery came in."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Migrate forwards."""
    op.create_table(
        "upload_parts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("offset_bytes", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_upload_parts_case_id_cases"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_upload_parts_user_id_users"),
        sa.PrimaryKeyConstraint("id", name="pk_upload_parts"),
    )
    op.create_index("ix_upload_parts_case_id", "upload_parts", ["case_id"])
    # In place: cells point to the table, so it cannot be rewritten.
    op.add_column("uploads", sa.Column("file_name", sa.Text(), nullable=True))
    op.add_column("uploads", sa.Column("size_bytes", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    """Migrate backwards."""
    op.drop_column("uploads", "size_bytes")
    op.drop_column("uploads", "file_name")
    op.drop_index("ix_upload_parts_case_id", table_name="upload_parts")
    op.drop_table("upload_parts")
