"""For how long each pack still waits for kernels that are being compiled.

Revision: 0007, after 0006.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it; packs of before wait for none."""
    op.add_column("gs_pack", sa.Column("preparing", sa.Float(53)))


def downgrade() -> None:
    """Forget it."""
    op.drop_column("gs_pack", "preparing")
