"""No part of a password is ever shown, with any characters in it, in any error of a store."""

import string
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from urllib.parse import quote

import pytest

from ys_analytics import local
from ys_analytics.errors import SettingsError, YsError
from ys_analytics.settings import Settings
from ys_analytics.stores import ClickHouseAddress, PostgresAddress, QdrantAddress, RedisAddress
from ys_analytics.stores.clickhouse import ClickHouse
from ys_analytics.stores.postgres import Postgres
from ys_analytics.stores.qdrant import Qdrant
from ys_analytics.stores.redis import Redis

# Two halves that stand nowhere else, so that a password cut in the middle is seen as well.
_HEAD, _TAIL = "Kw7zQ", "Xv9jM"
LETTERS = [letter for letter in string.printable if letter.isprintable()] + ["é", "€"]

Opened = Callable[[str], AbstractContextManager[object]]
STORES: dict[str, tuple[str, Opened]] = {
    "postgres": (
        "postgresql://me:{}@{}/ys{}",
        lambda url: Postgres.open(PostgresAddress(url, statement_timeout=1)),
    ),
    "clickhouse": (
        "http://me:{}@{}/ys{}",
        lambda url: ClickHouse.open(ClickHouseAddress(url=url, statement_timeout=1)),
    ),
    "redis": ("redis://me:{}@{}/0{}", lambda url: Redis.open(RedisAddress(url, timeout=0.3))),
    "redis without a user": ("redis://:{}@{}/0{}", lambda url: Redis.open(RedisAddress(url, timeout=0.3))),
    "redis over TLS": ("rediss://me:{}@{}/0{}", lambda url: Redis.open(RedisAddress(url, timeout=0.3))),
    "redis cluster": ("redis-cluster://me:{}@{},{}", lambda url: Redis.open(RedisAddress(url, timeout=0.3))),
    "redis Sentinel": ("redis+sentinel://me:{}@{}/prices{}", lambda url: Redis.open(RedisAddress(url, timeout=0.3))),
    "qdrant": ("http://me:{}@{}{}", lambda url: Qdrant.open(QdrantAddress(url=url, timeout=0.3))),
}
ADDRESS = {
    "postgres": PostgresAddress,
    "clickhouse": lambda url: ClickHouseAddress(url=url),
    "qdrant": lambda url: QdrantAddress(url=url),
}


def shown(error: BaseException) -> str:
    """Everything a person or a log may see of an error: its line, its form for programs, its traceback with causes."""
    return "\n".join([str(error), repr(error), *traceback.format_exception(error)])


def leaked(text: str, password: str) -> list[str]:
    """The parts of a password that stand in a text, as they are or percent-encoded."""
    parts = {password, quote(password, safe=""), _HEAD, _TAIL}
    return sorted(part for part in parts if part in text)


def shown_by_failure(opened: AbstractContextManager[object]) -> str:
    """What the failure to open a store shows."""
    with pytest.raises(YsError) as failed, opened:
        pass
    assert "\n" not in str(failed.value)
    return shown(failed.value)


def passwords() -> Iterator[str]:
    """A password with each printable letter at its beginning, in its middle and at its end, encoded and not."""
    for letter in LETTERS:
        yield from (f"{letter}{_HEAD}{_TAIL}", f"{_HEAD}{letter}{_TAIL}", f"{_HEAD}{_TAIL}{letter}")


@pytest.mark.parametrize("store", STORES)
def test_no_address_shows_a_part_of_a_password(store: str) -> None:
    """Masked for people, and as programs print it; encoded or not, with digits that look like a port after it."""
    form, _ = STORES[store]
    made = ADDRESS.get(store, RedisAddress)
    for password in passwords():
        for written in (password, quote(password, safe=""), f"1/{password}", f"1?{password}", f"1#{password}"):
            address = made(form.format(written, "db.example:1", ""))
            assert not leaked(f"{address.masked}{address!r}", password), password
        option = made(form.format("", "db.example:1", f"?password={quote(password, safe='')}"))
        assert not leaked(f"{option.masked}{option!r}", password), password


@pytest.mark.parametrize("store", STORES)
def test_no_error_shows_a_part_of_a_password(store: str) -> None:
    """A port that is none, an option that is none, and a text that is no URL of this store at all."""
    form, opened = STORES[store]
    for password in passwords():
        for place, ending in (("db.example:port", ""), ("db.example:1", "?no_such_option=1"), ("a b", "")):
            said = shown_by_failure(opened(form.format(password, place, ending)))
            assert not leaked(said, password), (password, said)
        said = shown_by_failure(opened(form.format(password, "db.example:port", "").partition("://")[2]))
        assert not leaked(said, password), (password, said)


@pytest.mark.parametrize("store", STORES)
def test_a_refused_connection_shows_no_part_of_a_password(store: str) -> None:
    """The error is the driver's own, which was handed the password by itself."""
    form, opened = STORES[store]
    tried = [f"{_HEAD}{letter}{_TAIL}" for letter in "@%:a"]
    attempts = [(password, written) for password in tried for written in {password, quote(password, safe="")}]
    # At once: each waits for its retries.
    with ThreadPoolExecutor(len(attempts)) as together:
        answers = together.map(lambda one: shown_by_failure(opened(form.format(one[1], "127.0.0.1:1", ""))), attempts)
        for (password, _), said in zip(attempts, answers, strict=True):
            assert not leaked(said, password), (password, said)


def test_a_key_that_cannot_be_sent_is_not_shown() -> None:
    """The HTTP client would quote it."""
    for key in (f"{_HEAD} {_TAIL} ", f"{_HEAD}\n{_TAIL}", f"{_HEAD}é{_TAIL}"):
        opened = Qdrant.open(QdrantAddress(url="http://127.0.0.1:1", api_key=key, timeout=0.3))
        with pytest.raises(SettingsError, match="YS_QDRANT_API_KEY") as failed, opened:
            pass
        assert not leaked(shown(failed.value), key)


def test_keywords_of_libpq_show_no_part_of_a_password() -> None:
    """A space ends a password there, and what follows would be quoted as an option."""
    for letter in LETTERS:
        password = f"{_HEAD}{letter}{_TAIL}"
        for conninfo in (
            f"host=127.0.0.1 port=1 user=me password={password}",
            f"host=127.0.0.1 port=1 password={password} user=me {password}=1",
        ):
            address = PostgresAddress(conninfo, statement_timeout=1)
            assert not leaked(f"{address.masked}{address!r}", password)
        said = shown_by_failure(Postgres.open(PostgresAddress(f"host=127.0.0.1 port=x password={password}")))
        assert not leaked(said, password), (password, said)


def test_no_row_of_the_status_shows_a_part_of_a_password() -> None:
    """Each store has its row, also with a wrong URL; all letters at once, since each waits for its retries."""
    passwords_to_ask = [f"{_HEAD}{letter}{_TAIL}" for letter in "@/#?%: "]
    asked = [_settings_with(password) for password in passwords_to_ask]
    with ThreadPoolExecutor(len(asked)) as together:
        for password, settings, rows in zip(passwords_to_ask, asked, together.map(local.status, asked), strict=True):
            assert [(row.store, row.server) for row in rows] == [
                ("postgres", "primary"),
                ("postgres", "replica"),
                ("clickhouse", ""),
                ("redis", ""),
                ("qdrant", ""),
            ]
            assert all(row.is_failing and row.note for row in rows)
            assert not leaked(repr(rows) + repr(settings), password)


def _settings_with(password: str) -> Settings:
    """Settings of servers that are not there, with a password in each."""
    return Settings(
        _env_file=None,
        statement_timeout=1,
        postgres_url=f"postgresql://me:{password}@127.0.0.1:1/ys",
        postgres_replica_url=f"postgresql://me:{password}@127.0.0.1:1/ys",
        clickhouse_url=f"http://me:{password}@127.0.0.1:1/ys",
        redis_url=f"redis://me:{password}@127.0.0.1:1/0",
        qdrant_url=f"http://me:{password}@127.0.0.1:1",
        analyst_password=password,
        qdrant_api_key=password,
    )
