"""Who submitted each study, for limits on what one caller may have waiting.

Revision: 0011, after 0010.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

words = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Add it; studies of before count against nobody."""
    op.add_column("gs_study", sa.Column("caller", words))


def downgrade() -> None:
    """Forget it. Studies that are half made or half removed would become visible: they go."""
    op.execute("DELETE FROM gs_study WHERE state IN ('creating', 'deleting')")
    op.drop_column("gs_study", "caller")
