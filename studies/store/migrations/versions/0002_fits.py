"""Fits.

Revision: 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

words = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the table of fits."""
    op.create_table(
        "gs_fit",
        sa.Column("id", words, nullable=False),
        sa.Column("study_id", words, nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("versions", sa.Text, nullable=False),
        sa.Column("rows_hash", words, nullable=False),
        sa.Column("rows", sa.LargeBinary, nullable=False),
        sa.Column("result", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["gs_study.id"], name="fk_gs_fit_study_id_gs_study", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_gs_fit"),
    )
    op.create_index("ix_gs_fit_study_id_id", "gs_fit", ["study_id", "id"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("gs_fit")
