"""The row that shows whether the database takes writes; idempotency keys of fits.

Revision: 0010, after 0009.
"""

import sqlalchemy as sa
from alembic import op

from grokscale.studies.store.functions import Now
from grokscale.studies.store.types import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the row, once: who writes it later finds it. Keys of before belong to studies."""
    probe = op.create_table(
        "gs_probe",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("written", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_gs_probe"),
    )
    op.get_bind().execute(probe.insert().values(id=1, written=Now()))
    op.add_column("gs_idempotency", sa.Column("fit_id", sa.String()))


def downgrade() -> None:
    """Forget them: a key of a fit would be taken for one of its study."""
    op.execute("DELETE FROM gs_idempotency WHERE fit_id IS NOT NULL")
    op.drop_column("gs_idempotency", "fit_id")
    op.drop_table("gs_probe")
