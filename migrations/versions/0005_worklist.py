"""The worklist, what is searched for in it, and filters that people keep."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INDEXES = (
    ("opened_at",),
    ("accession_folded",),
    ("patient_folded",),
    ("state_rank",),
    ("pmn_count",),
    ("score",),
    ("reader_name",),
    ("state", "opened_at"),
    ("recommendation", "opened_at"),
    ("reader_id", "opened_at"),
)


def upgrade() -> None:
    """Migrate forwards. Lines of the cases that are there are filled in after all migrations."""
    op.create_table(
        "worklist",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("accession_number", sa.String(length=200), nullable=False),
        sa.Column("accession_folded", sa.Text(), nullable=False),
        sa.Column("patient_identifier", sa.String(length=200), nullable=False),
        sa.Column("patient_folded", sa.Text(), nullable=False),
        sa.Column("origin", sa.String(length=20), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("state_rank", sa.Integer(), nullable=False),
        sa.Column("cell_count", sa.Integer(), nullable=False),
        sa.Column("pending_count", sa.Integer(), nullable=False),
        sa.Column("failed_count", sa.Integer(), nullable=False),
        sa.Column("pmn_count", sa.Integer(), nullable=True),
        sa.Column("pseudo_pelger_count", sa.Integer(), nullable=True),
        sa.Column("nuclear_spike_count", sa.Integer(), nullable=True),
        sa.Column("vacuole_count", sa.Integer(), nullable=True),
        sa.Column("hypogranularity_count", sa.Integer(), nullable=True),
        sa.Column("score", sa.Float(precision=53), nullable=True),
        sa.Column("cut_off", sa.Float(precision=53), nullable=True),
        sa.Column("recommendation", sa.String(length=40), nullable=True),
        sa.Column("reader_id", sa.Uuid(), nullable=True),
        sa.Column("reader_name", sa.String(length=200), nullable=True),
        sa.Column("needs_second", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], op.f("fk_worklist_case_id_cases")),
        sa.ForeignKeyConstraint(["reader_id"], ["users.id"], op.f("fk_worklist_reader_id_users")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_worklist")),
    )
    for columns in INDEXES:
        names = [*columns, "case_id"]
        op.create_index(op.f(f"ix_worklist_{'_'.join(names)}"), "worklist", names)
    _create_searches()
    _create_saved_filters()


def downgrade() -> None:
    """Migrate backwards."""
    for table in ("saved_filters", "worklist_searches", "worklist"):
        op.drop_table(table)


def _create_searches() -> None:
    table = "worklist_searches"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], op.f(f"fk_{table}_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("user_id", "text", name=op.f(f"uq_{table}_user_id_text")),
    )
    op.create_index(op.f(f"ix_{table}_used_at"), table, ["used_at"])


def _create_saved_filters() -> None:
    table = "saved_filters"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("search_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], op.f(f"fk_{table}_user_id_users")),
        sa.ForeignKeyConstraint(
            ["search_id"], ["worklist_searches.id"], op.f(f"fk_{table}_search_id_worklist_searches")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("user_id", "name", name=op.f(f"uq_{table}_user_id_name")),
    )
    op.create_index(op.f(f"ix_{table}_search_id"), table, ["search_id"])
