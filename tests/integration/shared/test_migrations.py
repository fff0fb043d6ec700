"""The migrations, from an empty database, give exactly the tables of the models."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from cli.migrate import upgrade
from shared.database import Database
from shared.models import metadata


def test_upgrading_from_empty_equals_the_models(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_upgrading_twice_changes_nothing(database: Database) -> None:
    upgrade(database.engine)
    upgrade(database.engine)
