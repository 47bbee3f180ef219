"""Which bundle is active, which one each case stands on, and cases given to another one."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0013"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
# A case stands on the bundle that read one of its cells last, or gave it up last.
_STANDING = """
INSERT INTO case_bundles (case_id, digest, since, is_chosen)
SELECT case_id, digest, done_at, false
FROM (
    SELECT cells.case_id AS case_id, done.digest AS digest, done.done_at AS done_at,
           row_number() OVER (
               PARTITION BY cells.case_id ORDER BY done.done_at DESC, done.digest
           ) AS place
    FROM (
        SELECT cell_id, bundle_digest AS digest, found_at AS done_at
        FROM findings WHERE label = 'pmn'
        UNION ALL
        SELECT cell_id, bundle_digest AS digest, failed_at AS done_at
        FROM classification_failures
    ) AS done
    JOIN cells ON cells.id = done.cell_id
) AS ranked
WHERE place = 1
"""


def upgrade() -> None:
    """Migrate forwards."""
    op.create_table(
        "bundle_switches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.String(20), nullable=False),
        sa.Column("digest", sa.String(64), nullable=True),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        sa.Column("by_name", sa.String(200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["digest"], ["bundles.digest"], name="fk_bundle_switches_digest_bundles"
        ),
        sa.ForeignKeyConstraint(["by_id"], ["users.id"], name="fk_bundle_switches_by_id_users"),
        sa.PrimaryKeyConstraint("id", name="pk_bundle_switches"),
    )
    op.create_index("ix_bundle_switches_part", "bundle_switches", ["part"])
    op.create_table(
        "case_bundles",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("since", _TIME, nullable=False),
        sa.Column("is_chosen", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_case_bundles_case_id_cases"),
        sa.ForeignKeyConstraint(
            ["digest"], ["bundles.digest"], name="fk_case_bundles_digest_bundles"
        ),
        sa.PrimaryKeyConstraint("case_id", name="pk_case_bundles"),
    )
    op.create_table(
        "reclassifications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("from_digest", sa.String(64), nullable=True),
        sa.Column("to_digest", sa.String(64), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("by_name", sa.String(200), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name="fk_reclassifications_case_id_cases"
        ),
        sa.ForeignKeyConstraint(
            ["from_digest"], ["bundles.digest"], name="fk_reclassifications_from_digest_bundles"
        ),
        sa.ForeignKeyConstraint(
            ["to_digest"], ["bundles.digest"], name="fk_reclassifications_to_digest_bundles"
        ),
        sa.ForeignKeyConstraint(["by_id"], ["users.id"], name="fk_reclassifications_by_id_users"),
        sa.PrimaryKeyConstraint("id", name="pk_reclassifications"),
    )
    op.create_index("ix_reclassifications_case_id", "reclassifications", ["case_id"])
    op.execute(_STANDING)


def downgrade() -> None:
    """Migrate backwards."""
    op.drop_index("ix_reclassifications_case_id", "reclassifications")
    op.drop_table("reclassifications")
    op.drop_table("case_bundles")
    op.drop_index("ix_bundle_switches_part", "bundle_switches")
    op.drop_table("bundle_switches")
