"""What packs still take, in seconds by their own pace, in place of steps that nobody predicted.

Revision: 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the two numbers, drop the one."""
    op.add_column("gs_pack", sa.Column("seconds_left", sa.Float(53)))
    op.add_column("gs_pack", sa.Column("seconds_per_trial", sa.Float(53)))
    op.drop_column("gs_pack", "predicted_steps")


def downgrade() -> None:
    """Back to the one, which is null."""
    op.add_column("gs_pack", sa.Column("predicted_steps", sa.BigInteger))
    op.drop_column("gs_pack", "seconds_per_trial")
    op.drop_column("gs_pack", "seconds_left")
