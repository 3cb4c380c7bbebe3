"""Attempts lost with their node, what packs were cut for, and what runners say of their cluster.

Revision: 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

words = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Add them; nothing was counted before."""
    for table in ("gs_study", "gs_pack"):
        op.add_column(table, sa.Column("losses", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("gs_pack", sa.Column("cut_for", sa.BigInteger))
    op.add_column("gs_runner", sa.Column("cpus", sa.Float(53)))
    op.add_column("gs_runner", sa.Column("gpus", sa.Float(53)))
    op.add_column("gs_runner", sa.Column("trouble", words))


def downgrade() -> None:
    """Forget them."""
    for column in ("trouble", "gpus", "cpus"):
        op.drop_column("gs_runner", column)
    op.drop_column("gs_pack", "cut_for")
    for table in ("gs_pack", "gs_study"):
        op.drop_column(table, "losses")
