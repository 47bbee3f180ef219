"""What cases add to the statistics; those that are there are filled in after all migrations."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0011"
branch_labels = None
depends_on = None

COUNTS = (
    "file_count",
    "refused_count",
    "cell_count",
    "poor_count",
    "familiar_base",
    "unfamiliar_count",
    "pmn_count",
    "pseudo_pelger_count",
    "nuclear_spike_count",
    "vacuole_count",
    "hypogranularity_count",
)
MEANS = (
    "sharpness",
    "mean_brightness",
    "nucleus_purple_density",
    "background_red_log_ratio",
    "background_blue_log_ratio",
    "novelty",
)


def upgrade() -> None:
    """Migrate forwards."""
    _create_measures()
    _create_overrides()


def downgrade() -> None:
    """Migrate backwards."""
    op.drop_table("case_overrides")
    op.drop_table("case_measures")


def _create_measures() -> None:
    table = "case_measures"
    op.create_table(
        table,
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("bundle_digest", sa.String(length=64), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in COUNTS),
        *(sa.Column(name, sa.Float(precision=53), nullable=True) for name in MEANS),
        sa.Column("vector", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], op.f(f"fk_{table}_case_id_cases")),
        sa.ForeignKeyConstraint(
            ["bundle_digest"], ["bundles.digest"], op.f(f"fk_{table}_bundle_digest_bundles")
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f(f"pk_{table}")),
    )
    op.create_index(op.f(f"ix_{table}_week_bundle_digest"), table, ["week", "bundle_digest"])


def _create_overrides() -> None:
    table, key = "case_overrides", "case_id_scope_reader_id_bundle_digest_subject"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.String(length=20), nullable=False),
        sa.Column("reader_id", sa.Uuid(), nullable=True),
        sa.Column("bundle_digest", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("called", "not_called", "removed", "added")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], op.f(f"fk_{table}_case_id_cases")),
        sa.ForeignKeyConstraint(["reader_id"], ["users.id"], op.f(f"fk_{table}_reader_id_users")),
        sa.ForeignKeyConstraint(
            ["bundle_digest"], ["bundles.digest"], op.f(f"fk_{table}_bundle_digest_bundles")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint(
            "case_id",
            "scope",
            "reader_id",
            "bundle_digest",
            "subject",
            name=op.f(f"uq_{table}_{key}"),
        ),
    )
    op.create_index(op.f(f"ix_{table}_signed_at"), table, ["signed_at"])
