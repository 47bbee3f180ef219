"""Erased cases, the proofs of erasures, and images that wait to be removed."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Migrate forwards; nothing is erased yet."""
    op.add_column("cases", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "erasures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("cases", sa.JSON(), nullable=False),
        sa.Column("cause", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("erased_by", sa.String(length=200), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("image_count", sa.Integer(), nullable=False),
        sa.Column("shared_count", sa.Integer(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
    )
    op.create_index(op.f("ix_erasures_site_id"), "erasures", ["site_id"])
    op.create_table(
        "erased_images",
        sa.Column("pixel_sha256", sa.String(length=64), nullable=False),
        sa.Column("erasure_id", sa.Uuid(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["erasure_id"], ["erasures.id"], op.f("fk_erased_images_erasure_id_erasures")
        ),
        sa.PrimaryKeyConstraint("pixel_sha256", name=op.f("pk_erased_images")),
    )
    op.create_index(op.f("ix_erased_images_erasure_id"), "erased_images", ["erasure_id"])


def downgrade() -> None:
    """Migrate backwards; the proofs are lost, what was erased stays erased."""
    op.drop_table("erased_images")
    op.drop_table("erasures")
    op.drop_column("cases", "erased_at")
