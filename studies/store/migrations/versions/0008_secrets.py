"""The database's own secret; callers of idempotency keys are kept as hashes under it.

Revision: 0008, after 0007.
"""

import hmac
import secrets

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

words = sa.String().with_variant(sa.String(collation="C"), "postgresql")

_secret = sa.table("gs_secret", sa.column("name", words), sa.column("value", sa.LargeBinary))
_used = sa.table("gs_idempotency", sa.column("caller", words))


def upgrade() -> None:
    """Make the secret, once: migrations exclude each other. Keys that were used before stay their callers'."""
    op.create_table(
        "gs_secret",
        sa.Column("name", words, nullable=False),
        sa.Column("value", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_gs_secret"),
    )
    root = secrets.token_bytes(32)
    connection = op.get_bind()
    connection.execute(_secret.insert().values(name="root", value=root))
    for caller in connection.execute(sa.select(_used.c.caller).distinct()).scalars().all():
        hashed = hmac.digest(root, f"caller\0{caller}".encode(), "sha256").hex()
        connection.execute(_used.update().where(_used.c.caller == caller).values(caller=hashed))


def downgrade() -> None:
    """Forget it, and the keys that were used: whose they are cannot be told without it."""
    op.get_bind().execute(_used.delete())
    op.drop_table("gs_secret")
