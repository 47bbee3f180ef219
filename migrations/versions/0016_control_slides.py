"""Fixed sets of cells: control slides, and comparisons of two bundles."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0019"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Migrate forwards."""
    op.create_table(
        "control_sets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("cell_count", sa.Integer(), nullable=False),
        sa.Column("is_daily", sa.Boolean(), nullable=False),
        sa.Column("retired_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_control_sets"),
        sa.UniqueConstraint("name", name="uq_control_sets_name"),
    )
    op.create_table(
        "control_cells",
        sa.Column("set_id", sa.Uuid(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("group_name", sa.String(200), nullable=False),
        sa.Column("cell", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["set_id"], ["control_sets.id"], name="fk_control_cells_set_id_control_sets"
        ),
        sa.PrimaryKeyConstraint("set_id", "ordinal", name="pk_control_cells"),
    )
    op.create_table(
        "control_runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("set_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("first_digest", sa.String(64), nullable=False),
        sa.Column("second_digest", sa.String(64), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("started_at", _TIME, nullable=False),
        sa.Column("started_by", sa.String(200), nullable=False),
        sa.Column("finished_at", _TIME, nullable=True),
        sa.Column("provider", sa.String(100), nullable=True),
        sa.Column("baseline_id", sa.Uuid(), nullable=True),
        sa.Column("counts", sa.JSON(), nullable=True),
        sa.Column("moved", sa.JSON(), nullable=True),
        sa.Column("largest_shift", sa.Float(53), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["set_id"], ["control_sets.id"], name="fk_control_runs_set_id_control_sets"
        ),
        sa.ForeignKeyConstraint(
            ["first_digest"], ["bundles.digest"], name="fk_control_runs_first_digest_bundles"
        ),
        sa.ForeignKeyConstraint(
            ["second_digest"], ["bundles.digest"], name="fk_control_runs_second_digest_bundles"
        ),
        sa.ForeignKeyConstraint(
            ["baseline_id"], ["control_runs.id"], name="fk_control_runs_baseline_id_control_runs"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_control_runs"),
        sa.UniqueConstraint(
            "set_id", "due_on", "first_digest", name="uq_control_runs_set_id_due_on_first_digest"
        ),
    )
    op.create_index("ix_control_runs_kind", "control_runs", ["kind"])
    op.create_table(
        "control_readings",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("pmn_probability", sa.Float(53), nullable=True),
        sa.Column("probabilities", sa.JSON(), nullable=False),
        sa.Column("novelty", sa.Float(53), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"], ["control_runs.id"], name="fk_control_readings_run_id_control_runs"
        ),
        sa.ForeignKeyConstraint(
            ["digest"], ["bundles.digest"], name="fk_control_readings_digest_bundles"
        ),
        sa.PrimaryKeyConstraint("run_id", "digest", "ordinal", name="pk_control_readings"),
    )


def downgrade() -> None:
    """Migrate backwards."""
    op.drop_table("control_readings")
    op.drop_index("ix_control_runs_kind", "control_runs")
    op.drop_table("control_runs")
    op.drop_table("control_cells")
    op.drop_table("control_sets")
