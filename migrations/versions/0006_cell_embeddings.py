"""Where each cell lies among the others; what was read before has no row."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Migrate forwards."""
    op.create_table(
        "cell_embeddings",
        sa.Column("bundle_digest", sa.String(length=64), nullable=False),
        sa.Column("cell_id", sa.Uuid(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bundle_digest"],
            ["bundles.digest"],
            name=op.f("fk_cell_embeddings_bundle_digest_bundles"),
        ),
        sa.ForeignKeyConstraint(
            ["cell_id"], ["cells.id"], name=op.f("fk_cell_embeddings_cell_id_cells")
        ),
        sa.PrimaryKeyConstraint("bundle_digest", "cell_id", name=op.f("pk_cell_embeddings")),
    )


def downgrade() -> None:
    """Migrate backwards."""
    op.drop_table("cell_embeddings")
