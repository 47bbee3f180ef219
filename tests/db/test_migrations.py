import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from alembic import command
from sqlalchemy import inspect, text, update
from uuid_utils.compat import uuid7

from app.bootstrap import build
from app.cli.serving import announce_administrator
from app.db.engine import make_engine
from app.db.migrating import (
    alembic_config,
    alone,
    current_revision,
    downgrade,
    newest_revision,
    upgrade,
)
from app.db.tables import BundleRow, Row
from app.domain.abnormality import Abnormality
from app.domain.access import Role
from app.domain.bundle_switch import CaseBundle
from app.domain.case_state import CaseState
from app.domain.errors import StorageUnavailable
from app.domain.user import ApiToken, Theme, User
from app.inference.bundle import load_bundle
from tests.bundles import write_bundle
from tests.conftest import make_settings
from tests.db.test_repositories import add_cells, open_case
from tests.factories import NOW, make_findings


def test_the_migrations_make_exactly_the_tables_of_the_code(container):
    command.check(alembic_config(container.engine))
    assert current_revision(container.engine) == newest_revision(container.engine)


def test_one_at_a_time_prepares_the_database(container):
    inside, most = [], []

    def prepare():
        with alone(container.engine):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.05)
            inside.pop()

    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(prepare) for _ in range(4)]:
            done.result(timeout=30)
    assert most == [1, 1, 1, 1]


def test_a_preparation_that_fails_lets_the_next_one_in(container):
    with pytest.raises(RuntimeError), alone(container.engine):
        raise RuntimeError("the migration died")
    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(_alone_once, container.engine).result(timeout=30)


def _alone_once(engine):
    other = make_engine(engine.url.render_as_string(hide_password=False))
    with alone(other):
        pass
    other.dispose()
    return True


def test_two_first_starts_at_once_make_one_administrator(container, capsys):
    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(announce_administrator, container) for _ in range(2)]:
            done.result(timeout=60)
    assert capsys.readouterr().out.count("password:") == 1


def test_two_processes_migrate_one_new_database(tmp_path, small_bundle):
    environment = {
        **os.environ,
        "VEXASCOPE_DATA_DIR": str(tmp_path / "data"),
        "VEXASCOPE_BUNDLE": str(small_bundle),
    }
    command_line = [sys.executable, "-c", "from app.cli import main; main()", "migrate"]
    processes = [subprocess.Popen(command_line, env=environment) for _ in range(2)]
    assert [process.wait(timeout=120) for process in processes] == [0, 0]


def test_down_to_nothing_and_up_again(container):
    downgrade(container.engine)
    assert not set(Row.metadata.tables) & set(inspect(container.engine).get_table_names())
    assert current_revision(container.engine) is None
    upgrade(container.engine)
    assert set(Row.metadata.tables) <= set(inspect(container.engine).get_table_names())


def test_before_orders_were_cancelled_a_cancelled_case_was_open(container):
    with container.transactions() as transaction:
        counts = {"empty": (0, 0), "classifying": (3, 1), "to_review": (3, 0)}
        for state, (cells, pending) in counts.items():
            case = open_case(transaction, state)
            line = transaction.worklist.get(case.id)
            counted = replace(line, cell_count=cells, pending_count=pending)
            transaction.worklist.put(replace(counted, state=CaseState.CANCELLED))
    downgrade(container.engine, "0022")
    query = text("SELECT accession_number, state, state_rank FROM worklist ORDER BY state_rank")
    with container.engine.connect() as connection:
        found = connection.execute(query).all()
    upgrade(container.engine)
    assert [tuple(row) for row in found] == [
        (state.value, state.value, state.rank)
        for state in (CaseState.EMPTY, CaseState.CLASSIFYING, CaseState.TO_REVIEW)
    ]


def test_findings_of_before_the_novelty_stay_as_they_were(container):
    """Down to the revision without the column and up again, as an old database would come."""
    digest = container.bundle.manifest.digest
    with container.transactions() as transaction:
        _, cells = add_cells(transaction, open_case(transaction), 2)
        found = [make_findings(cell, [Abnormality.VACUOLE], digest=digest) for cell in cells]
        transaction.cells.add_findings(found, NOW)
    downgrade(container.engine, "0001")
    columns = {item["name"] for item in inspect(container.engine).get_columns("findings")}
    assert "novelty" not in columns
    upgrade(container.engine)
    with container.transactions() as transaction:
        read = transaction.cells.findings([cell.id for cell in cells], digest)
    assert read == {item.cell_id: item for item in found}
    assert all(item.novelty is None for item in read.values())
    command.check(alembic_config(container.engine))


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


def test_an_account_with_a_token_is_migrated_there_and_back(tmp_path, small_bundle, database_url):
    """Tables that point to a table forbid to drop it, as making it anew would do."""
    container = build(make_settings(tmp_path, database_url=database_url, bundle=small_bundle))
    with container.transactions() as transaction:
        plain = User(uuid7(), "ann", Role.ADMINISTRATOR, "hash")
        user = replace(plain, full_name="Dr Ann", language="fr", theme=Theme.DARK, tour_seen=True)
        transaction.users.add(user, NOW)
        token = ApiToken(uuid7(), user.id, "a" * 64, NOW, NOW)
        transaction.users.add_token(token)
    downgrade(container.engine, "0002")
    upgrade(container.engine)
    with container.transactions() as transaction:
        kept = transaction.users.by_name("ann")
    assert kept == plain
    container.close()


def test_what_a_bundle_says_itself_wins_over_what_a_case_brought(container):
    files = container.bundle_files
    container.remember_bundle()
    with container.engine.begin() as connection:
        connection.execute(update(BundleRow).values(rule={"planted": True}))
    with container.transactions() as transaction:
        transaction.bundles.remember(files.bundle, files.texts, NOW)
    with container.transactions() as transaction:
        assert transaction.bundles.get(files.bundle.manifest.digest) == files.bundle


def test_a_case_of_before_stands_on_the_bundle_that_read_it_last(container, tmp_path):
    first = container.bundle_files
    second = load_bundle(write_bundle(tmp_path / "second", manifest={"version": "0.0.2"}))
    with container.transactions() as transaction:
        transaction.bundles.remember(second.bundle, second.texts, NOW)
        case = open_case(transaction)
        _, cells = add_cells(transaction, case, 2)
        for files, cell, minutes in ((second, cells[0], 0), (first, cells[1], 1)):
            found = make_findings(cell, (), digest=files.bundle.manifest.digest)
            transaction.cells.add_findings([found], NOW + timedelta(minutes=minutes))
    downgrade(container.engine, "0011")
    upgrade(container.engine)
    with container.transactions() as transaction:
        standing = transaction.case_bundles.get(case.id)
    assert standing == CaseBundle(first.bundle.manifest.digest, NOW + timedelta(minutes=1))
