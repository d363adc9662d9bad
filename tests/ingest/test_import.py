"""A file goes in whole or not at all, twice is once, and a bad row is named with its line."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from ys_analytics import ingest
from ys_analytics.errors import ContractError, StoreError, UsageError
from ys_analytics.schemas import TABLES
from ys_analytics.stores import Stores

from .conftest import Frames

HEAD = "timestamp,asset_id,chain_id,price,volume_24h,market_cap,price_change_24h,source"
Write = Callable[..., Path]


@pytest.fixture
def btc(known: Frames) -> str:
    """The id of an asset."""
    return str(known["assets"].filter(pl.col("symbol") == "BTC")["id"].item())


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Put lines into a CSV file."""

    def put(*lines: str, head: str = HEAD, name: str = "prices.csv") -> Path:
        path = tmp_path / name
        path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
        return path

    return put


def line(asset: str, day: int = 1, **changes: str) -> str:
    """A sound line of market data, but for what is changed."""
    fields = {
        "timestamp": f"2026-01-{day:02}T00:00:00Z",
        "asset_id": asset,
        "chain_id": "0",
        "price": "50000.5",
        "volume_24h": "1000",
        "market_cap": "0",
        "price_change_24h": "0.01",
        "source": "desk",
    }
    return ",".join((fields | changes).values())


def held(stores: Stores, table: str = "market_data") -> pl.DataFrame:
    """What ClickHouse has."""
    return stores.clickhouse.scan(table, schema=TABLES[table].schema).sort(TABLES[table].key)


def test_values_arrive_exactly(ready: Stores, btc: str, write: Write) -> None:
    """Eighteen decimals, an exponent and milliseconds are what the store then holds."""
    path = write(
        line(btc, price="50000.123456789012345678"),
        line(btc, 2, price="1.5e-7"),
        line(btc, timestamp="2026-01-03 12:30:00.125+00:00"),
    )
    said = ingest.import_file(ready, "market_data", path)
    assert (said.rows, said.present, str(said)) == (3, 0, "market_data: 3 rows added from 1 file")
    rows = held(ready)
    assert rows["price"].to_list() == [Decimal("50000.123456789012345678"), Decimal("1.5e-7"), Decimal("50000.5")]
    assert rows["timestamp"][2] == datetime(2026, 1, 3, 12, 30, 0, 125_000, tzinfo=UTC)


def test_a_second_import_adds_nothing_and_says_so(ready: Stores, btc: str, write: Write) -> None:
    """The same file again, or one with a row more, adds exactly what is missing."""
    path = write(line(btc), line(btc, 2))
    ingest.import_file(ready, "market_data", path)
    again = ingest.import_file(ready, "market_data", path)
    assert (again.rows, again.present) == (0, 2)
    assert str(again) == "market_data: nothing new in 1 file; all 2 rows were there already"
    more = ingest.import_file(ready, "market_data", write(line(btc), line(btc, 2), line(btc, 3)))
    assert (more.rows, more.present) == (1, 2)
    assert held(ready).height == 3


BAD = [
    pytest.param({"price": "abc"}, "'abc' is not a number", id="unparsable number"),
    pytest.param({"price": "NaN"}, "'NaN' is not a number", id="not a number"),
    pytest.param({"price": "1,5"}, "9 fields where the first line names 8", id="decimal comma"),
    pytest.param({"price": "-1"}, "is a negative price", id="negative price"),
    pytest.param({"price": "0"}, "is no price: it must be above 0", id="price of nothing"),
    pytest.param({"volume_24h": "-0.01"}, "is a negative volume_24h", id="negative volume"),
    pytest.param({"price": "1e-19"}, "is no price: it must be above 0", id="a price below the last decimal"),
    pytest.param({"price": "1e30"}, "has more than 20 digits before the point", id="too large"),
    pytest.param({"price": ""}, "price is empty", id="empty"),
    pytest.param({"chain_id": "-1"}, "'-1' is outside the range of UInt32", id="negative chain"),
    pytest.param({"chain_id": "1.5"}, "'1.5' is not a whole number", id="half a chain"),
    pytest.param({"timestamp": "2026-01-02T00:00:00"}, "has no zone", id="naive time"),
    pytest.param({"timestamp": "2026-01-02T00:00:00+02:00"}, "is not in UTC", id="wrong zone"),
    pytest.param({"timestamp": "2026-02-30T00:00:00Z"}, "is no moment of the calendar", id="no such day"),
    pytest.param({"timestamp": "yesterday"}, "is not a time like", id="not a time"),
    pytest.param({"timestamp": "1850-01-01T00:00:00Z"}, "is outside the years 1900 to 2299", id="no such year"),
    pytest.param({"asset_id": "BTC"}, "'BTC' is not an id", id="a symbol among ids"),
    pytest.param({"asset_id": "00000000-0000-4000-8000-000000000000"}, "is not in assets", id="unknown asset"),
    pytest.param({}, "has the key (asset_id, chain_id, timestamp, source) of prices.csv line 2", id="duplicate"),
]


@pytest.mark.parametrize(("change", "said"), BAD)
def test_a_bad_row_is_named_and_nothing_goes_in(
    ready: Stores, btc: str, write: Write, change: dict[str, str], said: str
) -> None:
    """File, line and reason in one line; the good rows next to it stay out too."""
    bad = line(btc, 1 if not change else 3, **change)
    path = write(line(btc), line(btc, 2), bad)
    with pytest.raises(ContractError) as caught:
        ingest.import_file(ready, "market_data", path)
    assert "prices.csv line 4" in str(caught.value)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert held(ready).is_empty()


def test_a_kind_of_problem_is_named_once_and_counted(ready: Stores, btc: str, write: Write) -> None:
    """A thousand faults of two kinds are one line: the first of each with its line and column, and how many."""
    lines = (line(btc, day, price="x", volume_24h="-1" if day > 20 else "1") for day in range(1, 26))
    with pytest.raises(ContractError) as caught:
        ingest.import_file(ready, "market_data", write(*lines))
    said = str(caught.value)
    assert "prices.csv line 2: 'x' is not a number (price) (and 24 more such)" in said
    assert "prices.csv line 22: '-1.000000000000000000' is a negative volume_24h (and 4 more such)" in said
    assert said.count(" line ") == 2


def test_lines_are_counted_as_an_editor_counts_them(ready: Stores, btc: str, write: Write) -> None:
    """A field over two lines and a blank line do not shift the number."""
    path = write(line(btc, source='"two\nlines"'), "", line(btc, 2), line(btc, 3, price="x"))
    with pytest.raises(ContractError, match=r"prices\.csv line 6: 'x' is not a number"):
        ingest.import_file(ready, "market_data", path)


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (HEAD + ",mood", "line 1: unknown column mood"),
        (HEAD.removesuffix(",source"), "line 1: missing column source"),
    ],
)
def test_columns_are_the_tables_own(ready: Stores, btc: str, write: Write, head: str, said: str) -> None:
    """An unknown or missing column is named."""
    fields = [*line(btc).split(","), "calm"]
    with pytest.raises(ContractError, match=said):
        ingest.import_file(ready, "market_data", write(",".join(fields[: head.count(",") + 1]), head=head))


def test_another_value_for_a_key_in_the_store_is_refused(ready: Stores, btc: str, write: Write) -> None:
    """What the store holds is neither overwritten nor doubled."""
    ingest.import_file(ready, "market_data", write(line(btc), line(btc, 2)))
    path = write(line(btc, 3), line(btc, 2, price="7"))
    with pytest.raises(ContractError, match=r"prices\.csv line 3: .* the store holds with another value"):
        ingest.import_file(ready, "market_data", path)
    assert held(ready)["price"].to_list() == [Decimal("50000.5")] * 2


def test_several_files_are_one_import(ready: Stores, btc: str, write: Write) -> None:
    """A fault in the second keeps the first out; a key in both is named with both lines."""
    first = write(line(btc), name="one.csv")
    with pytest.raises(ContractError, match=r"two\.csv line 2: 'x' is not a number"):
        ingest.import_file(ready, "market_data", [first, write(line(btc, 2, price="x"), name="two.csv")])
    with pytest.raises(ContractError, match=r"two\.csv line 2: has the key .* of one\.csv line 2"):
        ingest.import_file(ready, "market_data", [first, write(line(btc), name="two.csv")])
    assert held(ready).is_empty()
    assert ingest.import_file(ready, "market_data", [first, write(line(btc, 2), name="two.csv")]).rows == 2


def test_parquet_is_typed_and_its_rows_are_numbered(ready: Stores, btc: str, known: Frames, tmp_path: Path) -> None:
    """A frame the kit wrote goes in as it is; a naive time or another zone is refused with its row."""
    path = tmp_path / "quotes.parquet"
    quotes = known["market_data"].filter(pl.col("asset_id") == btc)
    quotes.write_parquet(path)
    assert ingest.import_file(ready, "market_data", path).rows == quotes.height
    assert held(ready).equals(quotes.sort(TABLES["market_data"].key))
    quotes.with_columns(pl.col("timestamp").dt.replace_time_zone(None)).write_parquet(path)
    with pytest.raises(ContractError, match=r"quotes\.parquet row 1: .* has no zone"):
        ingest.import_file(ready, "market_data", path)
    quotes.with_columns(pl.col("timestamp").dt.convert_time_zone("Europe/Berlin")).write_parquet(path)
    with pytest.raises(ContractError, match=r"quotes\.parquet row 1: .* is in Europe/Berlin, not UTC"):
        ingest.import_file(ready, "market_data", path)


def test_a_store_that_refuses_has_taken_nothing(ready: Stores, btc: str, write: Write) -> None:
    """Rows of many months in one import: refused in the middle, none of them is there, and no staging table."""
    ready.clickhouse.run("ALTER TABLE market_data ADD CONSTRAINT not_in_march CHECK toMonth(timestamp) != 3")
    path = write(*(line(btc, timestamp=f"2025-{month:02}-01T00:00:00Z") for month in range(1, 13)))
    try:
        with pytest.raises(StoreError, match="not_in_march"):
            ingest.import_file(ready, "market_data", path)
        assert held(ready).is_empty()
        assert ready.clickhouse.rows("SELECT name FROM system.tables WHERE name LIKE 'import%'") == []
    finally:
        ready.clickhouse.run("ALTER TABLE market_data DROP CONSTRAINT not_in_march")
    assert ingest.import_file(ready, "market_data", path).rows == 12


def test_maps_come_as_json_objects(ready: Stores, known: Frames, write: Write, btc: str) -> None:
    """A Map column is a JSON object in CSV; what is none is named."""
    head = ",".join(TABLES["portfolio_snapshots"].schema)
    portfolio = known["portfolios"]["id"][0]
    sound = f'2026-01-01T23:59:59Z,{portfolio},100.5,0,0,0,0,0,"{{""{btc}"": 1.0}}"'
    assert ingest.import_file(ready, "portfolio_snapshots", write(sound, head=head)).rows == 1
    assert held(ready, "portfolio_snapshots")["asset_allocation"].to_list() == [
        [{"key": btc, "value": Decimal("1.00000000")}]
    ]
    assert ingest.import_file(ready, "portfolio_snapshots", write(sound, head=head)).present == 1
    with pytest.raises(ContractError, match="line 2: 'all of it' is not a JSON object"):
        ingest.import_file(
            ready, "portfolio_snapshots", write(sound.split('"', maxsplit=1)[0] + "all of it", head=head)
        )


class TestPostgres:
    """The transactional tables take files too."""

    def test_transactions_go_in_once(self, ready: Stores, known: Frames, tmp_path: Path) -> None:
        """All columns come back; the views are fresh; again adds nothing."""
        path = tmp_path / "transactions.parquet"
        rows = known["transactions"].with_columns(strategy_id=pl.lit(None, pl.String))
        rows.write_parquet(path)
        assert ingest.import_file(ready, "transactions", path).rows == rows.height
        assert ingest.import_file(ready, "transactions", path).rows == 0
        assert ready.postgres.rows("SELECT count(*) FROM transactions") == [(rows.height,)]
        assert ready.postgres.rows("SELECT count(*) > 0 FROM daily_external_flows") == [(True,)]

    def test_csv_keeps_json_enums_and_nulls(self, ready: Stores, known: Frames, tmp_path: Path) -> None:
        """Through CSV nothing changes; JSON is compared by content."""
        path = tmp_path / "transactions.csv"
        rows = known["transactions"].head(20).with_columns(strategy_id=pl.lit(None, pl.String))
        text = rows.with_columns(
            pl.col("timestamp").dt.strftime("%Y-%m-%dT%H:%M:%SZ"), pl.selectors.decimal().cast(pl.String)
        )
        text.write_csv(path)
        assert ingest.import_file(ready, "transactions", path).rows == 20
        loaded = ready.postgres.scan("transactions", schema=TABLES["transactions"].schema).sort("id")
        assert loaded.drop("metadata").equals(rows.drop("metadata").sort("id"))
        assert [json.loads(one) for one in loaded["metadata"]] == [
            json.loads(one) for one in rows.sort("id")["metadata"]
        ]
        assert ingest.import_file(ready, "transactions", path).present == 20

    def test_a_refused_row_keeps_the_others_out(self, ready: Stores, known: Frames, tmp_path: Path) -> None:
        """A hash that is taken, or a portfolio no one has: one transaction, so nothing goes in."""
        rows = known["transactions"].head(5).with_columns(strategy_id=pl.lit(None, pl.String))
        path = tmp_path / "transactions.parquet"
        rows.with_columns(transaction_hash=pl.lit("0x" + "1" * 64)).write_parquet(path)
        with pytest.raises(StoreError, match="transactions_transaction_hash_key"):
            ingest.import_file(ready, "transactions", path)
        rows.with_columns(portfolio_id=pl.lit("00000000-0000-4000-8000-000000000000")).write_parquet(path)
        with pytest.raises(StoreError, match="portfolio_id"):
            ingest.import_file(ready, "transactions", path)
        assert ready.postgres.rows("SELECT count(*) FROM transactions") == [(0,)]

    @pytest.mark.parametrize(
        ("column", "value", "said"),
        [
            ("status", "done", "'done' is none of pending, confirmed, failed, replaced"),
            ("metadata", "{broken", "is not JSON"),
            ("id", "7", "'7' is not an id"),
            ("transaction_hash", "0x" + "1" * 65, "is longer than 66 characters"),
            ("gas_used", "-3", "is a negative gas_used"),
            ("from_amount", "1" + "0" * 18, "has more than 18 digits before the point"),
        ],
    )
    def test_misfits_are_named(  # noqa: PLR0917 - pytest passes them by name
        self, ready: Stores, known: Frames, tmp_path: Path, column: str, value: str, said: str
    ) -> None:
        """What PostgreSQL would refuse, or worse take, is named with its line."""
        path = tmp_path / "transactions.csv"
        rows = known["transactions"].head(3).with_columns(pl.col("timestamp").dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
        wrong = pl.when(pl.int_range(pl.len()) == 1).then(pl.lit(value)).otherwise(pl.col(column).cast(pl.String))
        rows.with_columns(wrong.alias(column)).write_csv(path)
        with pytest.raises(ContractError) as caught:
            ingest.import_file(ready, "transactions", path)
        assert "transactions.csv line 3" in str(caught.value)
        assert said in str(caught.value)

    def test_a_secret_is_never_quoted(self, ready: Stores, known: Frames, tmp_path: Path) -> None:
        """A fault in a secret column names the line and the column, not the value."""
        path = tmp_path / "users.csv"
        users = known["users"].head(1).with_columns(username=pl.lit("hunter2" * 20))
        times = pl.col(pl.Datetime("us", "UTC")).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
        users.with_columns(times).write_csv(path)
        with pytest.raises(ContractError, match="line 2: username is longer than 100 characters") as caught:
            ingest.import_file(ready, "users", path)
        assert "hunter2" not in str(caught.value)


class TestBySymbol:
    """Prices as vendors write them: symbols, no zone, per cent."""

    def test_symbols_per_cent_and_naive_times_are_converted_and_said(
        self, ready: Stores, btc: str, write: Write
    ) -> None:
        """Symbols become ids, per cent fractions, the day UTC midnight; and it is said."""
        path = write(
            line("BTC", timestamp="2026-01-01 00:00:00", chain_id="", market_cap="", price_change_24h=""),
            line("BTC", timestamp="2026-01-02 00:00:00", chain_id="", market_cap="", price_change_24h="-1.25"),
        )
        said = ingest.import_file(ready, "market_data", path)
        assert said.layout == "symbols"
        assert "asset_id holds symbols, times without zone are UTC, price_change_24h is in percent" in str(said)
        rows = held(ready)
        assert rows["asset_id"].to_list() == [btc, btc]
        assert rows["price_change_24h"].to_list() == [Decimal(0), Decimal("-0.0125")]
        assert rows["timestamp"][0] == datetime(2026, 1, 1, tzinfo=UTC)

    def test_a_token_is_mainnets_unless_a_chain_is_named(self, ready: Stores, known: Frames, write: Write) -> None:
        """USDC is on five chains."""
        path = write(line("USDC", chain_id=""), line("USDC", 2, chain_id="10"))
        ingest.import_file(ready, "market_data", path)
        homes = dict(known["assets"].filter(pl.col("symbol") == "USDC").select("id", "chain_id").iter_rows())
        assert {row["timestamp"].day: homes[row["asset_id"]] for row in held(ready).to_dicts()} == {1: 1, 2: 10}
        with pytest.raises(ContractError, match=r"line 2: 'USDC' is on no such chain as BNB Chain, 56: it is on Ether"):
            ingest.import_file(ready, "market_data", write(line("USDC", 3, chain_id="56")))

    def test_unknown_symbols_are_named(self, ready: Stores, write: Write) -> None:
        """Nothing goes in until they are registered or left out."""
        path = write(line("BTC"), line("DOGE"), line("ZEC"))
        with pytest.raises(ContractError, match="no asset has the symbol DOGE, ZEC; register"):
            ingest.import_file(ready, "market_data", path)
        assert held(ready).is_empty()
        assert ingest.import_file(ready, "market_data", path, symbols=["BTC"]).rows == 1
        said = ingest.import_file(ready, "market_data", path, register=True)
        assert (said.rows, said.present, said.registered) == (2, 1, ("DOGE", "ZEC"))
        [(count,)] = ready.postgres.rows("SELECT count(*) FROM assets WHERE symbol IN ('DOGE', 'ZEC')")
        assert count == 2
        assert ingest.import_file(ready, "market_data", path, register=True).rows == 0

    def test_a_per_cent_with_all_the_digits_of_a_float_is_rounded_and_counted(
        self, ready: Stores, write: Write
    ) -> None:
        """It is rounded to what the table keeps, and so is a price of a feed; each is counted and said once."""
        path = write(line("BTC", price_change_24h="-1.2345678901234567", price="0.1234567890123456785"))
        said = ingest.import_file(ready, "market_data", path)
        assert held(ready)["price_change_24h"].to_list() == [Decimal("-0.01234568")]
        assert held(ready)["price"].to_list() == [Decimal("0.123456789012345678")]
        assert said.remarks == (
            "1 value of price rounded to 18 decimals",
            "1 value of price_change_24h rounded to 8 decimals",
        )

    def test_unknown_symbols_do_not_hide_bad_rows(self, ready: Stores, write: Write) -> None:
        """Both are said at once, so that a file is repaired once."""
        path = write(line("DOGE"), line("BTC", price="x"))
        with pytest.raises(ContractError, match="symbol DOGE; register") as caught:
            ingest.import_file(ready, "market_data", path)
        assert "prices.csv line 3: 'x' is not a number" in str(caught.value)

    def test_a_misfit_is_still_named_as_written(self, ready: Stores, write: Write) -> None:
        """A broken per cent is quoted as it stands in the file."""
        with pytest.raises(ContractError, match="line 3: '2%' is not a number"):
            ingest.import_file(
                ready, "market_data", write(line("BTC"), line("BTC", 2, price_change_24h="2%", chain_id=""))
            )

    def test_the_real_file_goes_in(self, ready: Stores, real_prices: Path) -> None:
        """119,389 real prices of 49 symbols, once; the closes are the file's."""
        said = ingest.import_file(ready, "market_data", real_prices, register=True)
        assert (said.rows, said.present, said.layout) == (119_389, 0, "symbols")
        assert ingest.import_file(ready, "market_data", real_prices, register=True).rows == 0
        file = pl.read_parquet(real_prices)
        sums = ready.clickhouse.rows("SELECT count(), sum(toFloat64(price)), uniq(asset_id) FROM market_data")
        assert sums[0][0] == file.height
        assert sums[0][1] == pytest.approx(file["price"].sum(), rel=1e-12)
        assert sums[0][2] == 49


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("nothing", "no table of PostgreSQL or ClickHouse"),
        ("redis_price_current", "no table of PostgreSQL or ClickHouse"),
        ("market_sentiment", "no table of PostgreSQL or ClickHouse"),
        ("current_exposure", "the store derives it itself"),
        ("schema_migrations", "the store derives it itself"),
    ],
)
def test_only_tables_take_files(ready: Stores, tmp_path: Path, table: str, said: str) -> None:
    """Views, the ledger, caches and collections do not."""
    with pytest.raises(UsageError, match=said):
        ingest.import_file(ready, table, tmp_path / "any.csv")


def test_files_that_are_none(ready: Stores, tmp_path: Path) -> None:
    """Absent, of another kind, empty, broken: each an error that names the file."""
    with pytest.raises(UsageError, match=r"absent\.csv: no such file"):
        ingest.import_file(ready, "market_data", tmp_path / "absent.csv")
    with pytest.raises(UsageError, match="name at least one file"):
        ingest.import_file(ready, "market_data", [])
    cases = {
        "list.xlsx": (b"PK", UsageError, "is .csv or .parquet"),
        "empty.csv": (b"", ContractError, "the first line must name the columns"),
        "latin.csv": (HEAD.encode() + b"\n\xff\xfe,,,,,,,\n", ContractError, "latin.csv after line 1"),
        "torn.parquet": (b"PAR1", ContractError, "not a readable Parquet file"),
    }
    for name, (content, error, said) in cases.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(error, match=said):
            ingest.import_file(ready, "market_data", tmp_path / name)


def test_a_file_with_nothing_but_its_head(ready: Stores, write: Write) -> None:
    """No row is no fault, with and without chosen symbols."""
    assert str(ingest.import_file(ready, "market_data", write())) == "market_data: no rows in 1 file"
    assert ingest.import_file(ready, "market_data", write(), register=True).rows == 0
