"""Stores opened by settings: turns are taken, roles are logged in, secrets stay unsaid."""

import os
import threading

import pytest
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr

from ys_analytics import local
from ys_analytics.errors import BusyError, StoreError
from ys_analytics.settings import Settings


def test_another_process_waits_for_the_folders_this_one_holds(child, settings, stores):  # noqa: ARG001 - holds them
    other = child(
        "from ys_analytics.errors import BusyError\n"
        "settings = settings.model_copy(update={'wait': 0.1})\n"
        "for name in ('clickhouse', 'qdrant'):\n"
        "    try:\n"
        "        with local.open_stores(settings, only=[name], purpose='the second'): say('opened')\n"
        "    except BusyError as error:\n"
        "        say(error)",
        settings.home,
    )
    for name in ("clickhouse", "qdrant"):
        assert other.hear().startswith(f"{name} is held by process {os.getpid()} (the tests, since ")
    code, stderr = other.end()
    assert code == 0
    assert stderr.count(f"process {os.getpid()} (the tests") == 2


def test_the_locks_of_a_process_killed_while_it_held_all_four_are_free(child, fresh):
    killed = child(
        "with local.open_stores(settings, role='owner', purpose='the killed one') as stores:\n"
        "    stores.clickhouse.run('CREATE TABLE kept ENGINE = MergeTree ORDER BY n AS SELECT 1 n FROM numbers(9)')\n"
        "    stores.qdrant.create('kept', size=4, payload={})\n"
        "    say('held'); hear()",
        fresh.home,
    )
    assert killed.hear() == "held"
    killed.kill()
    after = child(
        "settings = settings.model_copy(update={'wait': 0.1})\n"
        "with local.open_stores(settings, role='owner', purpose='the next') as stores:\n"
        "    say((stores.clickhouse.rows('SELECT count() FROM kept'), sorted(stores.qdrant.collections())))\n"
        "say(local.down(settings))",
        fresh.home,
    )
    assert after.hear() == "([(9,)], ['kept'])"
    assert after.hear() == "['postgres', 'redis']"
    assert after.end() == (0, "")


def test_the_second_process_has_its_turn_when_the_first_ends(child, fresh):
    hold = (
        "def on_wait(store, who): say(f'waiting for {store}: {who.pid} {who.purpose}')\n"
        "only = ['clickhouse', 'qdrant']\n"
        "with local.open_stores(settings, only=only, purpose='a turn', on_wait=on_wait) as stores:\n"
        "    say(stores.clickhouse.rows('SELECT 1')); hear()"
    )
    first = child(hold, fresh.home)
    assert first.hear() == "[(1,)]"
    second = child(hold, fresh.home)
    assert second.hear() == f"waiting for clickhouse: {first.pid} a turn"
    first.tell()
    assert second.hear() == "[(1,)]"
    second.tell()
    assert first.end() == second.end() == (0, "")


def test_blocks_of_one_process_nest_and_run_in_threads(settings, stores):
    answers = []
    together = threading.Barrier(3, timeout=30)

    def ask():
        with local.open_stores(settings, role="owner", purpose="a thread") as mine:
            together.wait()
            answers.append((mine.clickhouse.rows("SELECT 1"), mine.postgres.rows("SELECT 1"), mine.redis.count("none")))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [([(1,)], [(1,)], 0)] * 3
    assert stores.clickhouse.rows("SELECT 1") == [(1,)]
    assert stores.qdrant.collections()


def test_the_analyst_reads_and_cannot_write(analyst):
    ((user, reads_only),) = analyst.postgres.rows("SELECT current_user, current_setting('transaction_read_only')")
    assert (user, reads_only) == ("ys_analyst", "on")
    with pytest.raises(StoreError):
        analyst.postgres.run("CREATE TABLE mine (n int)")
    with pytest.raises(StoreError):
        analyst.clickhouse.run("CREATE TABLE mine (n Int8) ENGINE = Memory")


def test_before_the_first_migration_the_error_says_to_migrate(made):
    with (
        pytest.raises(StoreError, match=r"no role ys_analyst yet; run: ys migrate up"),
        local.open_stores(made, only=["postgres"]),
    ):
        pass


def test_a_store_that_was_not_opened_says_so(made):
    with local.open_stores(made, only=["redis"]) as opened, pytest.raises(StoreError, match="postgres was not opened"):
        _ = opened.postgres


def test_an_unknown_store_is_named(made):
    with pytest.raises(StoreError, match="there is no store mysql"), local.open_stores(made, only=["mysql"]):
        pass


def test_a_home_that_cannot_be_made_is_a_store_error(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(StoreError, match="set YS_HOME"),
        local.open_stores(Settings(_env_file=None, home=tmp_path / "file" / "home"), only=["redis"]),
    ):
        pass


def test_busy_is_a_kind_of_store_error():
    assert issubclass(BusyError, StoreError)
    assert BusyError.exit_code == 11


def test_on_a_server_the_analyst_has_a_login_of_its_own():
    settings = Settings(
        _env_file=None,
        postgres_url=SecretStr("postgresql://owner:theirs@db.example:6432/ys?sslmode=require"),
        postgres_replica_url=SecretStr("postgresql://owner:theirs@replica.example/ys"),
        analyst_password=SecretStr("ours"),
    )
    address = local.Addresses(settings, "analyst").postgres
    login = conninfo_to_dict(address.conninfo)
    assert (login["user"], login["password"]) == ("ys_analyst", "ours")
    assert "replica.example" in address.replica
    assert "theirs" not in address.conninfo + address.replica
    assert address.read_only
    assert address.masked == "postgresql://ys_analyst:***@db.example:6432/ys"
    owner = local.Addresses(settings, "owner").postgres
    assert (owner.read_only, owner.masked) == (False, "postgresql://owner:***@db.example:6432/ys?sslmode=require")


def test_no_address_shows_a_secret():
    settings = Settings(
        _env_file=None,
        postgres_url=SecretStr("postgresql://me:s3cret@db/ys"),
        clickhouse_url=SecretStr("http://me:s3cret@ch:8123/ys"),
        redis_url=SecretStr("redis://:s3cret@cache:6379/0"),
        qdrant_url=SecretStr("https://vectors:6333"),
        qdrant_api_key=SecretStr("s3cret"),
    )
    addresses = local.Addresses(settings, "owner")
    for address in (addresses.postgres, addresses.clickhouse, addresses.redis, addresses.qdrant):
        assert "s3cret" not in repr(address) + address.masked
        assert not address.embedded
