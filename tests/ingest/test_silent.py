"""What an import once did without a word: now it is read exactly, said, or refused by its line."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from ys_analytics import ingest
from ys_analytics.errors import ContractError
from ys_analytics.schemas import TABLES
from ys_analytics.stores import Stores

from .conftest import Frames
from .reading import read

# Small files of kinds seen in the field; ids and addresses are invented.
CASES = Path(__file__).resolve().parent / "cases"
HEAD = "timestamp,asset_id,chain_id,price,volume_24h,market_cap,price_change_24h,source"
Put = Callable[..., Path]


@pytest.fixture
def put(tmp_path: Path) -> Put:
    """Put lines under a header into a file."""

    def write(*lines: str, head: str = HEAD, name: str = "rows.csv") -> Path:
        path = tmp_path / name
        path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
        return path

    return write


@pytest.fixture
def two_usdc(ready: Stores) -> Iterator[Stores]:
    """Optimism with two contracts of one symbol next to the demo's own, and Polygon with one."""
    rows = [("USD Coin (bridged)", "c2"), ("USD Coin (scam)", "c3")]
    for name, ends in rows:
        ready.postgres.run(
            "INSERT INTO assets (symbol, name, asset_type, chain_id, contract_address, metadata) "
            "VALUES ('USDC', %(name)s, 'crypto', 10, %(contract)s, '{\"registered_by\": \"import\"}')",
            {"name": name, "contract": f"0x{'0' * 38}{ends}"},
        )
    yield ready
    ready.postgres.run("DELETE FROM assets WHERE metadata ->> 'registered_by' = 'import'")


def case(name: str) -> Path:
    """One of the small files."""
    return CASES / name


def prices(stores: Stores) -> pl.DataFrame:
    """What ClickHouse then has."""
    return stores.clickhouse.scan("market_data", schema=TABLES["market_data"].schema).sort("timestamp")


class TestChains:
    """A chain is read exactly or refused; it never falls to Ethereum."""

    @pytest.mark.parametrize("spelled", ["137", "137.0", " 137 ", "polygon", "Polygon-PoS", "MATIC"])
    def test_a_chain_is_found_however_it_is_spelled(self, ready: Stores, known: Frames, put: Put, spelled: str) -> None:
        """The price goes to that chain's token, and a name is said to have been read as its number."""
        said = ingest.import_file(ready, "market_data", put(f"2026-01-01 00:00:00,USDC,{spelled},1,2,3,0,x"))
        assets = known["assets"].filter(symbol="USDC", chain_id=137)
        assert prices(ready).select("asset_id", "chain_id").row(0) == (assets["id"].item(), 137)
        named = f"1 value of chain_id '{spelled}' read as 137"
        assert said.remarks == ((named,) if spelled.strip()[0] != "1" else ())

    @pytest.mark.parametrize(
        ("spelled", "reason"),
        [
            ("137.5", "'137.5' is not a whole number"),
            ("poligon", "'poligon' is no chain: did you mean Polygon, 137?"),
            ("atlantis", "'atlantis' is no chain: write its number"),
            ("0x89", "'0x89' is no chain"),
            ("56", "'USDC' is on no such chain as BNB Chain, 56: it is on Ethereum, 1"),
        ],
    )
    def test_a_chain_that_cannot_be_read(self, ready: Stores, put: Put, spelled: str, reason: str) -> None:
        """Its line is refused and nothing goes in."""
        path = put("2026-01-01 00:00:00,USDC,1,1,2,3,0,x", f"2026-01-02 00:00:00,USDC,{spelled},1,2,3,0,x")
        with pytest.raises(ContractError) as caught:
            ingest.import_file(ready, "market_data", path)
        assert f"rows.csv line 3: {reason}" in str(caught.value)
        assert prices(ready).is_empty()

    def test_a_chain_name_is_read_in_any_table(self, ready: Stores, known: Frames, tmp_path: Path) -> None:
        """The same rule holds where nothing is looked up by symbol: transactions of `arbitrum one`."""
        rows = (
            known["transactions"]
            .head(2)
            .with_columns(
                strategy_id=pl.lit(None, pl.String), timestamp=pl.col("timestamp").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
            )
        )
        rows.with_columns(chain_id=pl.Series(["Arbitrum One", "10.0"])).write_csv(tmp_path / "rows.csv")
        assert ingest.import_file(ready, "transactions", tmp_path / "rows.csv").rows == 2
        assert sorted(ready.postgres.rows("SELECT chain_id FROM transactions")) == [(10,), (42161,)]


class TestNumbers:
    """No value is scaled, rounded or passed through a float without a word."""

    @pytest.mark.parametrize(("percent", "fraction"), [("5.3e-05", "0.00000053"), ("-1E1", "-0.1"), (".5", "0.005")])
    def test_a_per_cent_with_an_exponent_is_a_hundredth_of_what_is_written(
        self, ready: Stores, put: Put, percent: str, fraction: str
    ) -> None:
        """It is a hundredth of what is written."""
        ingest.import_file(ready, "market_data", put(f"2026-01-01 00:00:00,BTC,,1,2,3,{percent},x"))
        assert prices(ready)["price_change_24h"].to_list() == [Decimal(fraction)]

    def test_a_market_cap_keeps_its_digits(self, ready: Stores, tmp_path: Path) -> None:
        """From a decimal column of Parquet, next to one that is not known."""
        caps = [Decimal("12345678901234567.123456789"), None]
        frame = pl.DataFrame(
            {
                "timestamp": [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2)], "asset_id": "BTC",
                "chain_id": pl.Series([None, None], dtype=pl.Float64), "price": [1.5, 2.5], "volume_24h": [1, 2],
                "market_cap": pl.Series(caps, dtype=pl.Decimal(38, 9)), "price_change_24h": [0.1, None], "source": "x",
            }
        )  # fmt: skip
        frame.write_parquet(tmp_path / "rows.parquet")
        ingest.import_file(ready, "market_data", tmp_path / "rows.parquet")
        assert prices(ready)["market_cap"].to_list() == [caps[0], Decimal(0)]
        assert prices(ready)["price_change_24h"].to_list() == [Decimal("0.001"), Decimal(0)]

    @pytest.mark.parametrize("suffix", [".csv", ".parquet"])
    def test_a_ledger_is_exact_or_refused(self, known: Frames, tmp_path: Path, suffix: str) -> None:
        """An amount finer than the store keeps is refused from text and from a float alike."""
        rows = known["transactions"].head(2).with_columns(from_amount=pl.Series([1.5, 1.2345678901234567e-7]))
        path = tmp_path / f"rows{suffix}"
        if suffix == ".csv":
            times = pl.col("timestamp").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
            rows.with_columns(times, pl.Series("from_amount", ["1.5", "1.2345678901234567e-07"])).write_csv(path)
        else:
            rows.write_parquet(path)
        with pytest.raises(ContractError, match=r"(line 3|row 2): '1.23.*e-0?7' has more than 18 decimals"):
            read(path, "transactions")

    def test_a_whole_number_beyond_a_float_is_refused(self, known: Frames, tmp_path: Path) -> None:
        """A block number above 2^53 in a float column may be its neighbour, and is refused."""
        rows = known["transactions"].head(2).with_columns(block_number=pl.Series([2.0**53 + 2, 5.0]))
        rows.write_parquet(tmp_path / "rows.parquet")
        with pytest.raises(ContractError, match=r"row 1: .* is a float too large to be exact"):
            read(tmp_path / "rows.parquet", "transactions")

    def test_text_of_a_float_is_no_text(self, known: Frames, tmp_path: Path) -> None:
        """A version 1.10 that a frame keeps as the number 1.1 is not taken for a text."""
        rows = known["satellite_agents"].head(1).with_columns(version=pl.lit(1.10))
        rows.write_parquet(tmp_path / "rows.parquet")
        with pytest.raises(ContractError, match=r"row 1: '1.1' is Float64, not text"):
            read(tmp_path / "rows.parquet", "satellite_agents")


class TestMaps:
    """Every key and digit of a map and of a JSON text is kept, or its line is refused."""

    def row(self, allocation: str) -> str:
        """A snapshot with an allocation."""
        cell = allocation.replace('"', '""')
        return f'2026-01-01T23:59:59Z,00000000-0000-4000-8000-000000000001,100.5,0,0,0,0,0,"{cell}"'

    @pytest.mark.parametrize(
        ("allocation", "reason"),
        [
            ('{"a": 0.5, "a": 0.7}', "gives a key twice"),
            ('[{"key": "a", "value": 1}, {"key": "a", "value": 2}]', "gives a key twice"),
            ('{"a": 0.123456789}', "has a value that has more than 8 decimals"),
            ('{"a": "1,5"}', "has a value that is not a number"),
            ('{"a": 1e30}', "has a value that has more than 10 digits before the point"),
            ('{"a": null}', "has a value that does not fit"),
            ('{"a": {"b": 1}}', "has a value that does not fit"),
            ('{"a": NaN}', "is not a JSON object"),
            ('["a", 1]', "is not a JSON object"),
        ],
    )
    def test_a_map_that_cannot_be_kept(self, put: Put, allocation: str, reason: str) -> None:
        """The line and what is wrong inside it."""
        head = ",".join(TABLES["portfolio_snapshots"].schema)
        with pytest.raises(ContractError) as caught:
            read(
                put(self.row('{"a": 1}'), self.row(allocation).replace("01-01", "01-02"), head=head),
                "portfolio_snapshots",
            )
        assert f"rows.csv line 3: '{allocation[:60]}" in str(caught.value)
        assert reason in str(caught.value)

    def test_a_map_is_read_in_either_form(self, put: Put) -> None:
        """An object, or a list of key and value, numbers as numbers or as text."""
        head = ",".join(TABLES["portfolio_snapshots"].schema)
        forms = ['{"a": 0.12345678, "b": "1e-8"}', '[{"key": "a", "value": "0.12345678"}, {"value": 1e-8, "key": "b"}]']
        for form in forms:
            rows, _ = read(put(self.row(form), head=head), "portfolio_snapshots")
            assert rows["asset_allocation"].to_list() == [
                [{"key": "a", "value": Decimal("0.12345678")}, {"key": "b", "value": Decimal("0.00000001")}]
            ]

    @pytest.mark.parametrize("text", ['{"a": 1, "a": 2}', '{"deep": [{"b": 1, "b": 1}]}'])
    def test_json_gives_a_key_once(self, known: Frames, tmp_path: Path, text: str) -> None:
        """At any depth: PostgreSQL too would keep the last."""
        rows = known["transactions"].head(1).with_columns(metadata=pl.lit(text))
        rows.write_parquet(tmp_path / "rows.parquet")
        with pytest.raises(ContractError, match=r"row 1: .* gives a key twice"):
            read(tmp_path / "rows.parquet", "transactions")

    def test_json_is_compared_by_its_digits(self, ready: Stores, known: Frames, tmp_path: Path) -> None:
        """Two numbers that are one binary float are two values for one key; 1.0 and 1 are the same."""
        rows = known["transactions"].head(1).with_columns(strategy_id=pl.lit(None, pl.String))
        path = tmp_path / "rows.parquet"
        rows.with_columns(metadata=pl.lit('{"l1_fee": 0.1, "n": 1.0}')).write_parquet(path)
        assert ingest.import_file(ready, "transactions", path).rows == 1
        rows.with_columns(metadata=pl.lit('{"n": 1, "l1_fee": 0.10}')).write_parquet(path)
        assert ingest.import_file(ready, "transactions", path).present == 1
        rows.with_columns(metadata=pl.lit('{"n": 1, "l1_fee": 0.1000000000000000001}')).write_parquet(path)
        with pytest.raises(ContractError, match="the store holds with another value"):
            ingest.import_file(ready, "transactions", path)


class TestWords:
    """A word for nothing is not a name."""

    @pytest.mark.parametrize("word", ["None", "nan", "NULL", "-", "N/A"])
    def test_no_protocol_by_that_name(self, known: Frames, tmp_path: Path, word: str) -> None:
        """A deposit with the protocol "None" would be no external flow."""
        rows = known["transactions"].head(1).with_columns(protocol_name=pl.lit(word))
        rows.write_parquet(tmp_path / "rows.parquet")
        with pytest.raises(ContractError, match=r"row 1: .* is a word for nothing: leave the field empty"):
            read(tmp_path / "rows.parquet", "transactions")


class TestSymbols:
    """An asset is a contract; a symbol that means two is refused."""

    def test_an_ambiguous_symbol_names_what_it_may_mean(self, two_usdc: Stores, put: Put) -> None:
        """Each candidate with its contract; by chain the symbol still works elsewhere, by id everywhere."""
        path = put("2026-01-01 00:00:00,USDC,137,1,2,3,0,x", "2026-01-01 00:00:00,USDC,10,1,2,3,0,x")
        with pytest.raises(ContractError) as caught:
            ingest.import_file(two_usdc, "market_data", path)
        said = str(caught.value)
        assert "rows.csv line 3: 'USDC' means several assets: " in said
        assert f"USD Coin (bridged) (0x{'0' * 38}c2, Optimism, 10)" in said
        assert f"USD Coin (scam) (0x{'0' * 38}c3, Optimism, 10)" in said
        assert "line 2" not in said
        [(bridged,)] = two_usdc.postgres.rows("SELECT id::text FROM assets WHERE name = 'USD Coin (bridged)'")
        path = put(f"2026-01-01T00:00:00Z,{bridged},10,0.9987,2,3,0,x")
        assert ingest.import_file(two_usdc, "market_data", path).rows == 1

    def test_the_shared_file_is_refused(self, two_usdc: Stores) -> None:
        """Both of its ambiguous lines, and the symbol no one has."""
        with pytest.raises(ContractError, match=r"symbol USDC\.e; register.* line 2: 'USDC' means several.* line 3"):
            ingest.import_file(two_usdc, "market_data", case("25_market_data_two_usdc.csv"))


class TestSharedFiles:
    """Small files of kinds seen in the field, which an import takes, refuses or explains."""

    def test_more_decimals_than_the_column_keeps(self, ready: Stores) -> None:
        """Micro prices go in, rounded to 18 decimals, counted and said once; a market cap of 0 stays unknown."""
        path = case("01_coingecko_micro_price_mapped.csv")
        said = ingest.import_file(ready, "market_data", path, register=True)
        assert "5 values of price rounded to 18 decimals" in said.remarks
        pepe = prices(ready).filter(pl.col("timestamp") == datetime(2023, 4, 18, tzinfo=UTC))
        assert pepe["price"].to_list() == [Decimal("1.90122246944e-7")]
        assert pepe["market_cap"].to_list() == [Decimal(0)]
        chains = ready.postgres.rows("SELECT symbol, chain_id FROM assets WHERE symbol IN ('PEPE', 'SHIB') ORDER BY 1")
        assert chains == [("PEPE", 1), ("SHIB", 1)]

    def test_closes_in_microseconds_belong_to_their_day(self, ready: Stores) -> None:
        """Cut to the millisecond the store keeps, never rounded into the next day."""
        said = ingest.import_file(ready, "market_data", case("02_binance_klines_us_mapped.csv"))
        assert "2 values of timestamp cut to the millisecond" in said.remarks
        assert [moment.day for moment in prices(ready)["timestamp"]] == [31, 1, 2]

    def test_units_are_never_mixed(self, ready: Stores) -> None:
        """Milliseconds and microseconds in one file: the second is refused by line."""
        with pytest.raises(ContractError, match=r"line 3: .* is in microseconds since 1970 where .* in milliseconds"):
            ingest.import_file(ready, "market_data", case("02_binance_klines_us_epoch.csv"))

    def test_two_swaps_of_one_transaction_are_two_rows(self, ready: Stores) -> None:
        """Rows that differ are two swaps, equal ones are taken once and said; again, all are there already."""
        path = case("08_two_swaps_one_pool.csv")
        said = ingest.import_file(ready, "dex_trades", path)
        assert (said.rows, said.remarks) == (
            2, ("1 row equals another and was taken once (08_two_swaps_one_pool.csv line 4)",),
        )  # fmt: skip
        again = ingest.import_file(ready, "dex_trades", path)
        assert (again.rows, again.present) == (0, 2)

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("02_binance_klines_us.csv", "line 1: is data, not the names of columns: the file has no header"),
            ("04_semicolons_own_columns.csv", "line 3: '57343,1705364168' is not a number: write a point"),
            ("04_coinmarketcap_excel_mangled.csv", "line 1: unknown column"),
            ("05_coinbase_v4_banner.csv", "the header seems to be on line 4: delete what stands above it"),
        ],
    )
    def test_a_file_that_says_what_is_wrong(self, ready: Stores, name: str, said: str) -> None:
        """Where, and no more of it than is needed."""
        with pytest.raises(ContractError) as caught:
            ingest.import_file(ready, "market_data", case(name))
        assert said in str(caught.value)
        assert not any(word in str(caught.value) for word in ("Jane", "c0de", "93576"))

    def test_value_at_risk_may_be_negative(self) -> None:
        """A distribution without a loss has a negative value at risk."""
        rows, _ = read(case("14_risk_metrics_rows.csv"), "risk_metrics")
        assert rows["var_95"].to_list() == [Decimal("-11.00"), Decimal("-11.02")]


def test_the_remarks_are_in_the_one_line(ready: Stores, put: Put) -> None:
    """Counted over all files, said once."""
    finer = "0.1234567890123456789"
    files = [put(f"2026-01-0{day} 00:00:00,BTC,,{finer},2,3,0,x", name=f"{day}.csv") for day in (1, 2)]
    said = ingest.import_file(ready, "market_data", files)
    assert str(said).endswith("; 2 values of price rounded to 18 decimals")
    assert json.loads(json.dumps(said.remarks)) == ["2 values of price rounded to 18 decimals"]
