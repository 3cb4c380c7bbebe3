"""What the task of each study said of itself, for studies of before as version 0.1 described it.

Revision: 0013, after 0012.
"""

import json
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

words = sa.String().with_variant(sa.String(collation="C"), "postgresql")

_DOCUMENTS = Path(__file__).with_name("0013_descriptions.json")
"""Hash and document by kind: never to be changed, whatever the tasks say of themselves today."""
_POINT = sa.text("UPDATE gs_study SET description = :hash WHERE task = :kind")


def upgrade() -> None:
    """Keep the descriptions of which there are studies, and have these point at them."""
    connection = op.get_bind()
    table = op.create_table(
        "gs_description",
        sa.Column("hash", words, nullable=False),
        sa.Column("kind", words, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_gs_description"),
    )
    op.add_column("gs_study", sa.Column("description", words))
    for kind, said in json.loads(_DOCUMENTS.read_text(encoding="utf-8")).items():
        if connection.execute(sa.text("SELECT 1 FROM gs_study WHERE task = :kind LIMIT 1"), {"kind": kind}).first():
            document = json.dumps(said["document"])
            row = {"hash": said["hash"], "kind": kind, "version": said["document"]["version"], "document": document}
            connection.execute(table.insert().values(row))
            connection.execute(_POINT, {"hash": said["hash"], "kind": kind})


def downgrade() -> None:
    """Forget them: what a study's task says is then what it says today."""
    op.drop_column("gs_study", "description")
    op.drop_table("gs_description")
