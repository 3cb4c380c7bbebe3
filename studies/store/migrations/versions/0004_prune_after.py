"""The step at which trials are pruned that have not come to t2, of each pack.

Revision: 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it; packs of before prune nothing."""
    op.add_column("gs_pack", sa.Column("prune_after", sa.BigInteger))


def downgrade() -> None:
    """Forget it."""
    op.drop_column("gs_pack", "prune_after")
