"""A user who may change no setting reads the same rows, and a server that fails in mid-answer is quoted once."""

from collections.abc import Iterator

import clickhouse_connect
import polars as pl
import pytest

from ys_analytics.errors import StoreError
from ys_analytics.stores import ClickHouseAddress, Stores
from ys_analytics.stores.clickhouse import ClickHouse
from ys_analytics.stores.clickhouse.client import changeable

MANY = "SELECT number AS n, toString(number % 7) AS word, toDecimal128(number, 18) AS d FROM numbers(300000)"
SCHEMA = {"n": pl.UInt64(), "word": pl.String(), "d": pl.Decimal(38, 18)}


@pytest.mark.parametrize("read_only", [False, True])
def test_a_user_under_readonly_1_reads_the_same(front: object, stores: Stores, read_only: bool) -> None:  # noqa: FBT001 - a parameter
    """Whole, as a stream and as a table, with none of the settings the kit would set."""
    url = front.url.replace("ys:", "reader:")
    expected = stores.clickhouse.read(MANY, schema=SCHEMA).sort("n")
    with ClickHouse.open(ClickHouseAddress(url=url, read_only=read_only)) as reader:
        assert reader.rows("SELECT getSetting('readonly')") == [(1,)]
        assert reader.read(MANY, schema=SCHEMA).sort("n").equals(expected)
        assert pl.concat(reader.batches(MANY, schema=SCHEMA)).sort("n").equals(expected)
        with pytest.raises(StoreError, match="readonly"):
            reader.run("CREATE TABLE mine (n Int8) ENGINE = Memory")


@pytest.mark.parametrize("fault", ["fail", "fail in a chunk"])
def test_a_fault_in_the_middle_is_quoted_and_not_asked_again(front: object, over_http: ClickHouse, fault: str) -> None:
    """The server was reached and said why; the same question would fail again."""
    front.faults[:] = [fault]
    front.statements.clear()
    with pytest.raises(StoreError, match=r"middle of the answer: 241\. Query memory limit exceeded") as failed:
        over_http.read(MANY, schema=SCHEMA)
    assert "cannot be reached" not in str(failed.value)
    assert sum(statement.endswith("ArrowStream") for statement in front.statements) == 1
    assert front.faults == []
    assert over_http.read(MANY, schema=SCHEMA).height == 300_000


def test_rows_that_quote_an_error_of_the_server_are_rows(front: object, over_http: ClickHouse) -> None:
    """A stream that breaks after them was cut short, is asked again, and comes whole."""
    front.faults[:] = ["cut"]
    log = "SELECT number AS n, 'Code: 1. DB::Exception: (version 1)' AS word, toDecimal128(1, 18) AS d FROM numbers(9)"
    assert over_http.read(log, schema=SCHEMA).height == 9


def test_a_setting_the_server_does_not_have_is_not_sent(over_http: ClickHouse) -> None:
    """An older server refuses every question that names a setting of a newer one."""
    wished = {"max_block_size": "131072", "a_setting_of_the_next_release": "1"}
    assert changeable(over_http._client, wished) == {"max_block_size": "131072"}


# Each leaves rows out of an answer without an error; the last setting is the one that is named.
CUTTING = {
    "a limit": {"limit": "1000"},
    "rows of the answer": {"max_result_rows": "1000", "max_block_size": "500", "result_overflow_mode": "break"},
    "rows that are read": {"max_rows_to_read": "2000", "max_block_size": "500", "read_overflow_mode": "break"},
}


@pytest.fixture
def profile(front: object) -> Iterator[dict[str, str]]:
    """The settings of every user of the server."""
    yield front.profile
    front.profile.clear()


@pytest.mark.parametrize("cutting", CUTTING.values(), ids=CUTTING)
def test_a_profile_leaves_no_row_out(front: object, profile: dict[str, str], cutting: dict[str, str]) -> None:
    """The whole answer or an error, where another client is given a part; a user who may not change it is refused."""
    profile.update(cutting)
    *_, named = cutting
    with clickhouse_connect.get_client(
        host="127.0.0.1",
        port=front.port,
        username="ys",
        password="hunter2",  # noqa: S106 - the front's own
    ) as other:
        assert 0 < other.raw_query(MANY, fmt="CSV").count(b"\n") < 300_000
    with ClickHouse.open(ClickHouseAddress(url=front.url)) as store:
        assert store.complete_settings()[named] in ("0", "throw")
        try:
            assert store.read(MANY, schema=SCHEMA).height == 300_000
        except StoreError as error:
            assert "Limit for" in str(error)  # noqa: PT017 - one of two sound outcomes
    if named == "limit":  # of which a server tells its users nothing
        return
    refused = rf"our user sets {named} = \w+, under which rows are left out"
    reader = ClickHouseAddress(url=front.url.replace("ys:", "reader:"))
    with pytest.raises(StoreError, match=refused), ClickHouse.open(reader):
        pass


def test_a_limit_of_time_is_an_error(front: object, profile: dict[str, str]) -> None:
    """Of a server that would stop at our own limit and give what it has."""
    with ClickHouse.open(ClickHouseAddress(url=front.url, statement_timeout=0.5)) as store:
        profile["timeout_overflow_mode"] = "break"
        with pytest.raises(StoreError, match=r"TIMEOUT_EXCEEDED|Timeout exceeded"):
            store.read("SELECT number + sleepEachRow(0.001) AS n FROM numbers(3000)", schema={"n": pl.UInt64()})
