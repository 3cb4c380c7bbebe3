"""Alembic migrations of the store; `studies.store.schema` runs them."""
