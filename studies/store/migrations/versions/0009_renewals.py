"""Leases that are seen to be renewed, in place of leases that expire at a time of the database's clock.

Revision: 0009, after 0008.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_FREED = "UPDATE gs_study SET runner_id = NULL, token = token + 1 WHERE runner_id IS NOT NULL"


def upgrade() -> None:
    """Change them; every study is free: a program of before could not renew its leases any more."""
    op.execute(_FREED)
    op.drop_column("gs_study", "lease_expires")
    op.add_column("gs_study", sa.Column("lease_seconds", sa.Float(53)))
    op.add_column("gs_study", sa.Column("renewals", sa.BigInteger, nullable=False, server_default="0"))


def downgrade() -> None:
    """Change them back; again every study is free."""
    op.execute(_FREED)
    op.drop_column("gs_study", "renewals")
    op.drop_column("gs_study", "lease_seconds")
    op.add_column("gs_study", sa.Column("lease_expires", sa.DateTime(timezone=True)))
