"""The embedded servers: detached, found again, recognised, and stopped; no one else's ever is."""

import os
import signal
import subprocess
import sys
import threading

import psutil
import pytest

from ys_analytics import local
from ys_analytics.errors import StoreError
from ys_analytics.local import process
from ys_analytics.local.home import Home
from ys_analytics.local.postgres_server import PostgresServer
from ys_analytics.local.valkey_server import ValkeyServer
from ys_analytics.settings import Settings

_SERVERS = ("postgres", "redis")


def pids(settings):
    """The pid of each embedded server that is up."""
    home = Home(settings.home)
    found = {"postgres": PostgresServer(home).running(), "redis": ValkeyServer(home).running()}
    return {name: server.pid for name, server in found.items() if server is not None}


def opened(settings, *only):
    return local.open_stores(settings, only=only or _SERVERS, role="owner", purpose="a test")


@pytest.fixture
def stranger():
    """A process that is none of ours."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.communicate()


def test_servers_outlive_a_killed_starter_and_down_finds_them(child, made):
    starter = child("say(local.up(settings)); hear()", made.home)
    assert starter.hear() == "['postgres', 'redis']"
    starter.kill()
    running = pids(made)
    assert set(running) == set(_SERVERS)
    assert local.up(made) == []
    assert local.down(made) == ["postgres", "redis"]
    assert not any(process.is_pid_running(pid) for pid in running.values())
    assert local.down(made) == []


def test_two_processes_that_begin_at_once_start_one_server_of_each(child, made):
    both = [child("hear(); say(local.up(settings)); say(local.up(settings))", made.home) for _ in range(2)]
    for one in both:
        one.tell()
    started = sorted(one.hear() for one in both)
    assert started == ["['postgres', 'redis']", "[]"]
    assert [one.hear() for one in both] == ["[]", "[]"]


def test_what_was_written_is_there_after_down_and_up_and_after_kill(made):
    with opened(made) as stores:
        stores.postgres.run("DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT 7 AS seven")
        stores.redis.client.set("kept", "7")
        stores.redis.client.execute_command("WAITAOF", 1, 0, 10_000)
    local.down(made)
    with opened(made) as stores:
        assert stores.postgres.rows("SELECT seven FROM kept") == [(7,)]
        assert stores.redis.read("kept", "string")["value"].to_list() == ["7"]
    killed = [psutil.Process(pid) for pid in pids(made).values()]
    for server in killed:
        server.kill()
    psutil.wait_procs(killed)
    assert pids(made) == {}
    with opened(made) as stores:
        assert stores.postgres.rows("SELECT seven FROM kept") == [(7,)]
        assert stores.redis.read("kept", "string")["value"].to_list() == ["7"]


def test_a_stale_pid_file_means_no_server_and_stops_no_other_process(made, stranger):
    home = Home(made.home)
    (home.postgres / "postmaster.pid").write_text(f"{stranger.pid}\n{home.postgres}\n1\n5432\n/nowhere\n\n0 0\nready\n")
    (home.valkey / "valkey.pid").write_text(f"{stranger.pid}\n")
    assert pids(made) == {}
    assert not any(row.running for row in local.status(made) if row.store in _SERVERS)
    assert local.up(made) == ["postgres", "redis"]
    assert local.down(made) == ["postgres", "redis"]
    assert stranger.poll() is None


@pytest.mark.parametrize("left", ["", "not a pid\n", "-1\n", "99999999999\n", "\x00\xff"])
def test_a_pid_file_that_says_nothing_is_no_server(tmp_path, left):
    home = Home(tmp_path)
    home.valkey.mkdir()
    (home.valkey / "valkey.pid").write_text(left)
    assert ValkeyServer(home).running() is None


def test_down_finds_servers_that_no_pid_file_speaks_of(made):
    local.up(made)
    running = pids(made)
    home = Home(made.home)
    (home.postgres / "postmaster.pid").unlink()
    (home.valkey / "valkey.pid").unlink()
    assert local.down(made) == ["postgres", "redis"]
    assert not any(process.is_pid_running(pid) for pid in running.values())


def test_down_leaves_the_servers_of_another_home_alone(made, tmp_path):
    other = Settings(_env_file=None, home=tmp_path / "other")
    local.up(made)
    assert local.down(other) == []
    assert set(pids(made)) == set(_SERVERS)


def test_a_start_that_was_killed_half_way_leaves_no_half_of_a_data_folder(fresh):
    home = Home(fresh.home)
    (home.root / "postgres.new" / "base").mkdir(parents=True)
    with opened(fresh, "postgres") as stores:
        assert stores.postgres.rows("SELECT 1") == [(1,)]
    assert not (home.root / "postgres.new").exists()


def test_a_long_home_with_odd_letters_works(tmp_path):
    deep = tmp_path.joinpath(*["a folder, with a long name"] * 5, "Söhne \"Ω\" 'x'")
    settings = Settings(_env_file=None, home=deep)
    try:
        with opened(settings) as stores:
            assert stores.postgres.rows("SELECT 1") == [(1,)]
            stores.redis.ping()
            assert len(stores.redis.address.url) < 100
    finally:
        assert local.down(settings) == ["postgres", "redis"]


def test_the_callers_postgres_variables_mean_nothing_here(child, made):
    run = child(
        "local.up(settings)\n"
        "with local.open_stores(settings, only=['postgres'], role='owner') as stores:\n"
        "    say(stores.postgres.rows('SELECT current_database(), current_user'))",
        made.home,
        PGHOST="db.invalid",
        PGPORT="1",
        PGDATA="/nowhere",
        PGUSER="somebody",
        PGDATABASE="theirs",
        TZ="Asia/Kathmandu",
        XDG_RUNTIME_DIR="/nowhere",
    )
    assert run.hear() == "[('yieldsensei', 'postgres')]"
    assert run.end() == (0, "")


def test_an_ordinary_user_in_a_fresh_home_needs_nothing_else(child, tmp_path_factory):
    folder = tmp_path_factory.mktemp("theirs")
    if os.geteuid() == 0:
        os.chown(folder, 65534, 65534)
        for parent in folder.parents:
            parent.chmod(parent.stat().st_mode | 0o001)
    run = child(
        # what a root-owned interpreter can read is imported before the step down
        "import os, psycopg, redis, polars, ys_analytics.stores.redis, ys_analytics.stores.postgres\n"
        "import encodings.idna, redis.sentinel, redis.cluster\n"
        "if os.geteuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "with local.open_stores(settings, only=['postgres', 'redis'], role='owner') as stores:\n"
        "    say(stores.postgres.rows('SELECT 1')); stores.redis.ping()\n"
        "say(local.down(settings))",
        folder / "home",
        HOME=str(folder),
    )
    assert run.hear() == "[(1,)]"
    assert run.hear() == "['postgres', 'redis']"
    assert run.end() == (0, "")


def test_a_store_stopped_under_a_client_is_a_store_error(made):
    with opened(made) as stores:
        assert stores.postgres.rows("SELECT 1") == [(1,)]
        local.down(made)
        with pytest.raises(StoreError):
            stores.postgres.rows("SELECT 1")
        with pytest.raises(StoreError, match="run: ys up"):
            stores.redis.ping()


def test_a_folder_of_another_version_is_refused(fresh):
    folder = Home(fresh.home).postgres
    folder.mkdir(parents=True)
    (folder / "PG_VERSION").write_text("16\n")
    with pytest.raises(StoreError, match="made by PostgreSQL 16, this is 18"):
        local.up(fresh, only=["postgres"])


def test_a_server_that_will_not_start_says_why(made):
    overrides = Home(made.home).postgres / "postgresql.auto.conf"
    overrides.write_text("work_mem = 'much'\n")
    with pytest.raises(StoreError, match=r"postgresql.auto.conf.* contains errors"):
        local.up(made, only=["postgres"])
    overrides.write_text("")


def test_sockets_are_for_their_owner_alone(made):
    local.up(made)
    for name in ("postgres", "valkey"):
        folder = Home(made.home).root / "run" / name
        assert folder.stat().st_mode & 0o077 == 0


def test_a_server_that_ignores_the_stop_signal_is_killed(made):
    local.up(made, only=["redis"])
    server = ValkeyServer(Home(made.home)).running()
    server.send_signal(signal.SIGSTOP)
    process.stop(server, end_signal=signal.SIGTERM, wait_seconds=0.2)
    assert ValkeyServer(Home(made.home)).running() is None


def test_a_server_that_is_not_ready_yet_is_waited_for_and_not_started_again(made):
    """Anyone who began it may have been killed before it was ready; what it loads is not thrown away."""
    local.up(made, only=["redis"])
    server = ValkeyServer(Home(made.home)).running()
    server.send_signal(signal.SIGSTOP)
    resume = threading.Timer(0.2, server.send_signal, [signal.SIGCONT])
    resume.start()
    ValkeyServer(Home(made.home)).start()
    resume.join()
    assert ValkeyServer(Home(made.home)).running().pid == server.pid


def test_a_removed_socket_is_made_again(made):
    local.up(made)
    for name in ("postgres", "valkey"):
        for swept in (Home(made.home).root / "run" / name).iterdir():
            swept.unlink()
    assert local.up(made) == ["postgres", "redis"]
    with opened(made) as stores:
        assert stores.postgres.rows("SELECT 1") == [(1,)]
        stores.redis.ping()


def test_a_home_is_readable_by_its_owner_alone(made):
    """Others may pass through it where PostgreSQL must, as another account; no one else may list it."""
    assert Home(made.home).root.stat().st_mode & 0o066 == 0
    assert Home(made.home).postgres.stat().st_mode & 0o077 == 0
