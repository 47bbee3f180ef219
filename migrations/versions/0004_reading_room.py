"""Reviews, readings, comments, interpretations, signed reports and amendments."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def _to(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{target.partition('.')[0]}")
    return sa.ForeignKeyConstraint([column], [target], name=name)


def upgrade() -> None:
    """Migrate forwards."""
    op.create_table(
        "cell_reviews",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("cell_id", sa.Uuid(), nullable=False),
        sa.Column("reading", sa.String(length=20), nullable=False),
        sa.Column("reader_id", sa.Uuid(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("act", sa.String(length=20), nullable=False),
        sa.Column("label", sa.String(length=40), nullable=True),
        sa.Column("is_decided", sa.Boolean(), nullable=False),
        sa.Column("exclusion", sa.String(length=40), nullable=True),
        sa.Column("abnormalities", sa.JSON(), nullable=False),
        sa.Column("action_id", sa.Uuid(), nullable=False),
        sa.Column("undoes", sa.Uuid(), nullable=True),
        sa.Column("bundle_digest", sa.String(length=64), nullable=False),
        _to("cell_reviews", "case_id", "cases.id"),
        _to("cell_reviews", "cell_id", "cells.id"),
        _to("cell_reviews", "reader_id", "users.id"),
        _to("cell_reviews", "bundle_digest", "bundles.digest"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cell_reviews")),
        sa.UniqueConstraint("case_id", "sequence", name=op.f("uq_cell_reviews_case_id_sequence")),
    )
    op.create_index(op.f("ix_cell_reviews_cell_id"), "cell_reviews", ["cell_id"])
    op.create_table(
        "case_readings",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("reading", sa.String(length=20), nullable=False),
        sa.Column("reader_id", sa.Uuid(), nullable=False),
        sa.Column("assigned_by", sa.Uuid(), nullable=False),
        sa.Column("assigned_at", _TIME, nullable=False),
        sa.Column("finished_at", _TIME, nullable=True),
        _to("case_readings", "case_id", "cases.id"),
        _to("case_readings", "reader_id", "users.id"),
        _to("case_readings", "assigned_by", "users.id"),
        sa.PrimaryKeyConstraint("case_id", "reading", name=op.f("pk_case_readings")),
    )
    op.create_index(op.f("ix_case_readings_reader_id"), "case_readings", ["reader_id"])
    _create_texts()
    _create_versions()


def _create_texts() -> None:
    op.create_table(
        "comments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("cell_id", sa.Uuid(), nullable=True),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        _to("comments", "case_id", "cases.id"),
        _to("comments", "cell_id", "cells.id"),
        _to("comments", "author_id", "users.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comments")),
    )
    op.create_index(op.f("ix_comments_case_id"), "comments", ["case_id"])
    op.create_table(
        "interpretations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        _to("interpretations", "case_id", "cases.id"),
        _to("interpretations", "author_id", "users.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interpretations")),
    )
    op.create_index(op.f("ix_interpretations_case_id"), "interpretations", ["case_id"])


def _create_versions() -> None:
    op.create_table(
        "report_versions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("signer_id", sa.Uuid(), nullable=False),
        sa.Column("printed_name", sa.String(length=200), nullable=False),
        sa.Column("signed_at", _TIME, nullable=False),
        sa.Column("meaning", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        _to("report_versions", "case_id", "cases.id"),
        _to("report_versions", "signer_id", "users.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_versions")),
        sa.UniqueConstraint("case_id", "number", name=op.f("uq_report_versions_case_id_number")),
    )
    op.create_table(
        "amendments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=False),
        sa.Column("opened_at", _TIME, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("closed_at", _TIME, nullable=True),
        _to("amendments", "case_id", "cases.id"),
        _to("amendments", "opened_by", "users.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_amendments")),
    )
    op.create_index(op.f("ix_amendments_case_id"), "amendments", ["case_id"])


def downgrade() -> None:
    """Migrate backwards."""
    op.drop_index(op.f("ix_amendments_case_id"), table_name="amendments")
    op.drop_table("amendments")
    op.drop_table("report_versions")
    op.drop_index(op.f("ix_interpretations_case_id"), table_name="interpretations")
    op.drop_table("interpretations")
    op.drop_index(op.f("ix_comments_case_id"), table_name="comments")
    op.drop_table("comments")
    op.drop_index(op.f("ix_case_readings_reader_id"), table_name="case_readings")
    op.drop_table("case_readings")
    op.drop_index(op.f("ix_cell_reviews_cell_id"), table_name="cell_reviews")
    op.drop_table("cell_reviews")
