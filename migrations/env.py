"""Alembic's entry: brings a database to the newest schema, on the connection it is given or on `DATABASE_URL`."""

from alembic import context
from sqlalchemy import Connection

from shared.database import Database
from shared.models import metadata
from shared.settings import get_settings


def migrate(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()


given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    migrate(given)
else:
    with Database(get_settings().database_url).engine.begin() as opened:
        migrate(opened)
