"""Run by alembic: migrations on the connection and in the transaction of `studies.store.schema.migrate`."""

from alembic import context
from sqlalchemy import Connection

from grokscale.studies.store.models import Base
from grokscale.studies.store.schema import VERSION_TABLE


def run(connection: Connection) -> None:
    """Upgrade or downgrade as asked, or compare for autogenerate. Tables of others in the database are left alone."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        version_table=VERSION_TABLE,
        include_name=lambda name, kind, _parents: kind != "table" or (name or "").startswith("gs_"),
        render_as_batch=connection.dialect.name == "sqlite",  # SQLite alters a table by copying it
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
