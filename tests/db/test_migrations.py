import pytest
from alembic import command
from sqlalchemy import inspect

from app.bootstrap import build
from app.db.migrating import (
    alembic_config,
    current_revision,
    downgrade,
    newest_revision,
    upgrade,
)
from app.db.tables import Row
from app.domain.errors import StorageUnavailable
from tests.conftest import make_settings


def test_the_migrations_make_exactly_the_tables_of_the_code(container):
    command.check(alembic_config(container.engine))
    assert current_revision(container.engine) == newest_revision(container.engine)


def test_down_to_nothing_and_up_again(container):
    downgrade(container.engine)
    assert not set(Row.metadata.tables) & set(inspect(container.engine).get_table_names())
    assert current_revision(container.engine) is None
    upgrade(container.engine)
    assert set(Row.metadata.tables) <= set(inspect(container.engine).get_table_names())


def test_a_database_that_is_not_migrated_is_named_with_the_remedy(container):
    downgrade(container.engine)
    with pytest.raises(StorageUnavailable, match="vexascope migrate"):
        container.check_database()


def test_a_database_that_is_away_is_reported(tmp_path, small_bundle):
    url = "postgresql://nobody@127.0.0.1:1/nothing?connect_timeout=1"
    container = build(make_settings(tmp_path, database_url=url, bundle=small_bundle))
    with pytest.raises(StorageUnavailable, match="database does not answer"):
        container.check_database()
    container.engine.dispose()
