"""Each vendor's prices, in each year's form, become the rows that were written by hand next to them."""

import io
import json
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from ys_analytics import ingest
from ys_analytics.errors import ContractError, UsageError
from ys_analytics.ingest import ImportLog, ImportOptions
from ys_analytics.schemas import TABLES
from ys_analytics.stores import Stores

NOW = datetime(2026, 11, 27, tzinfo=UTC)
USDT = frozenset({"USDT"})
PAR = ImportOptions(par=USDT)


def held(stores: Stores, table: str = "market_data") -> pl.DataFrame:
    return stores.clickhouse.scan(table, schema=TABLES[table].schema).sort(TABLES[table].key)


def put(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    if name.endswith(".zip"):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name.replace(".zip", ".csv"), text)
    else:
        path.write_text(text, encoding="utf-8")
    return path


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


MS = "1735516800000,93000,94000,92000,93576.00,19612.03,1735603199999,1847306208.99812,3624011,9744.8,918120004.1,0"
MS2 = "1735603200000,93576,96250,92033.73,92792.05,10000,1735689599999,1000.5,10,5,6,0"
US = "1735689600000000,93576.00,95151.15,92888.00,94591.79,10373.3,1735775999999999,975444950.43417,19,5,4,0"
HEADED = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
)
KLINE = [("2024-12-30T23:59:59.999", "BTC", "93576", "1847306208.99812", "0", "0")]
SECOND = ("2024-12-31T23:59:59.999", "BTC", "92792.05", "1000.5", "0", "-0.00837768")

# Name, content, what the user says, rows: time, symbol, price, volume, market cap, change in a day.
CASES = [
    pytest.param(
        "btc-usd-max.csv",
        "snapped_at,price,market_cap,total_volume\n"
        "2023-04-18 00:00:00 UTC,1.90122246943781e-07,0.0,72312149.8663182\n"
        "2023-04-19 00:00:00 UTC,3.80244493887562e-07,128411930.214407,5\n",
        ImportOptions(),
        [
            ("2023-04-18T00:00:00", "BTC", "0.000000190122246944", "72312149.8663182", "0", "0"),
            ("2023-04-19T00:00:00", "BTC", "0.000000380244493888", "5", "128411930.214407", "1"),
        ],
        id="CoinGecko, the site",
    ),
    pytest.param(
        "bitcoin.json",
        '{"prices":[[1711843200000,69702.3087473573],[1711929600000,71246.9514406015]],'
        '"market_caps":[[1711843200000,1370247487960.09],[1711929600000,0.0]],'
        '"total_volumes":[[1711843200000,16408802301.84],[1711929600000,19723005998.21]]}',
        ImportOptions(asset="bitcoin", quote="USD"),
        [
            ("2024-03-31T00:00:00", "BTC", "69702.3087473573", "16408802301.84", "1370247487960.09", "0"),
            ("2024-04-01T00:00:00", "BTC", "71246.9514406015", "19723005998.21", "0", "0.02216057"),
        ],
        id="CoinGecko, the API",
    ),
    pytest.param("BTCUSDT-1d-2024-12.csv", f"{MS}\n{MS2}\n", PAR, [*KLINE, SECOND], id="Binance until 2024"),
    pytest.param("BTCUSDT-1d-2024-12.zip", f"{MS}\n{MS2}", PAR, [*KLINE, SECOND], id="Binance, zipped"),
    pytest.param("BTCUSDT-1d-2024-12.csv", f"{HEADED}\n{MS}\n", ImportOptions(par=USDT), KLINE, id="Binance, header"),
    pytest.param(
        "BTCUSDT-1d-2025-01.csv",
        f"{US}\n",
        ImportOptions(par=USDT),
        [("2025-01-01T23:59:59.999", "BTC", "94591.79", "975444950.43417", "0", "0")],
        id="Binance since 2025, in microseconds",
    ),
    pytest.param(
        "BTC-USD.json",
        "[[1704153600,44000.5,45900,44187.1,44960.42,18000.1],[1704067200,42180,44240,42288.58,44187.14,12000.5]]",
        ImportOptions(interval="1d"),
        [
            ("2024-01-01T23:59:59.999", "BTC", "44187.14", "0", "0", "0"),
            ("2024-01-02T23:59:59.999", "BTC", "44960.42", "0", "0", "0.01750011"),
        ],
        id="Coinbase candles",
    ),
    pytest.param(
        "XBTUSD_1440.csv",
        "1704067200,42288.5,44240.0,42180.0,44187.1,1200.5,3000\n1704153600,44187.1,45900,44000.5,44960.4,1,2\n",
        ImportOptions(),
        [
            ("2024-01-01T23:59:59.999", "BTC", "44187.1", "0", "0", "0"),
            ("2024-01-02T23:59:59.999", "BTC", "44960.4", "0", "0", "0.01750058"),
        ],
        id="Kraken OHLCVT",
    ),
    pytest.param(
        "Bitcoin_9_10_2024-9_11_2024_historical_data_coinmarketcap.csv",
        "timeOpen;timeClose;timeHigh;timeLow;name;open;high;low;close;volume;marketCap;timestamp\n"
        '"2024-09-11T00:00:00.000Z";"2024-09-11T23:59:59.999Z";"2024-09-11T19:31:00.000Z";"2024-09-11T14:36:00.000Z";'
        '"2781";57650.2885721031;57991.3230331204;55567.3360410512;57343.1705364168;37049062671.94;1132645002111.9;'
        '"2024-09-11T23:59:59.999Z"\n',
        ImportOptions(),
        [("2024-09-11T23:59:59.999", "BTC", "57343.1705364168", "37049062671.94", "1132645002111.9", "0")],
        id="CoinMarketCap",
    ),
    pytest.param(
        "Binance_BTCUSDT_d.csv",
        "https://www.CryptoDataDownload.com\n"
        "Unix,Date,Symbol,Open,High,Low,Close,Volume BTC,Volume USDT,tradecount\n"
        "1704153600000,2024-01-02,BTCUSDT,44187.1,45900,44000.5,44960.4,1,250.25,9\n"
        "1704067200000,2024-01-01,BTCUSDT,42288.5,44240.0,42180.0,44187.1,2,88.5,7\n",
        ImportOptions(par=USDT),
        [
            ("2024-01-01T23:59:59.999", "BTC", "44187.1", "88.5", "0", "0"),
            ("2024-01-02T23:59:59.999", "BTC", "44960.4", "250.25", "0", "0.01750058"),
        ],
        id="CryptoDataDownload",
    ),
    pytest.param(
        "ETH_USD.json",
        json.dumps(
            {
                "Response": "Success",
                "Data": {
                    "Data": [
                        {
                            "time": time, "high": price, "low": price, "open": price, "close": price,
                            "volumefrom": 1, "volumeto": price and 7, "conversionType": "direct",
                            "conversionSymbol": "",
                        }
                        for time, price in ((1438905600, 0), (1438992000, 3.0), (1439078400, 1.2))
                    ]
                },
            }
        ),
        ImportOptions(),
        [
            ("2015-08-08T23:59:59.999", "ETH", "3", "7", "0", "0"),
            ("2015-08-09T23:59:59.999", "ETH", "1.2", "7", "0", "-0.6"),
        ],
        id="CryptoCompare, with days before the first trade",
    ),
    pytest.param(
        "usdc.json",
        '[{"date":"1704067200","totalCirculating":{"peggedUSD":200},"totalCirculatingUSD":{"peggedUSD":199.5}}]',
        ImportOptions(asset="usd-coin"),
        [("2024-01-01T00:00:00", "USDC", "0.9975", "0", "199.5", "0")],
        id="DefiLlama, a stablecoin",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "options", "right"), CASES)
def test_a_vendors_prices_arrive(  # noqa: PLR0917 - a case and what it needs
    ready: Stores,
    known: dict[str, pl.DataFrame],
    tmp_path: Path,
    name: str,
    text: str,
    options: ImportOptions,
    right: list[tuple[str, ...]],
) -> None:
    """The layout is recognised, each value is the one written by hand, and a second time adds nothing."""
    path = put(tmp_path, name, text)
    said = ingest.import_vendor(ready, [path], options=options)
    assert said.added["market_data"] == len(right)
    symbols = dict(known["assets"].select("id", "symbol").iter_rows())
    rows = held(ready)
    found = [
        (
            row["timestamp"],
            symbols[row["asset_id"]],
            row["price"],
            row["volume_24h"],
            row["market_cap"],
            row["price_change_24h"],
        )
        for row in rows.iter_rows(named=True)
    ]
    assert found == [(moment(time), symbol, *map(Decimal, numbers)) for time, symbol, *numbers in right]
    again = ingest.import_vendor(ready, [path], options=options)
    assert (again.added["market_data"], again.present["market_data"]) == (0, len(right))


def test_ms_and_us_in_one_file_are_refused_by_line(ready: Stores, tmp_path: Path) -> None:
    """A file has one unit of time; a row in another one is named with its line and column."""
    path = put(tmp_path, "BTCUSDT-1d-2024-12.csv", f"{MS}\n{US}\n")
    with pytest.raises(ContractError, match=r"line 2: column 7 \(close_time\): .*microseconds.*milliseconds"):
        ingest.import_vendor(ready, [path], options=ImportOptions(par=USDT))
    assert held(ready).is_empty()


def test_a_price_in_euros_is_converted_at_the_stores_rate_or_refused(ready: Stores, tmp_path: Path) -> None:
    """Without a rate nothing goes in; with one of that day the price is their product, to the last digit."""
    euros = put(
        tmp_path, "btc-eur-max.csv", "snapped_at,price,market_cap,total_volume\n2024-01-02 00:00:00 UTC,40000.5,0,10\n"
    )
    with pytest.raises(ContractError, match="prices are in EUR, and the stores have no price of EUR in USD"):
        ingest.import_vendor(ready, [euros])
    rate = put(
        tmp_path, "eur-usd-max.csv", "snapped_at,price,market_cap,total_volume\n2024-01-01 12:00:00 UTC,1.1037,0,0\n"
    )
    said = ingest.import_vendor(ready, [euros, rate], options=ImportOptions(register=True))
    assert said.added["market_data"] == 2
    assert sorted(held(ready)["price"].to_list()) == [Decimal("1.1037"), Decimal("44148.55185")]
    assert "converted to USD at the stores' last price of EUR" in str(said)


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("BTCUSDT-1d-2024-12.csv", MS, "import its prices first, or take it at par with --par USDT"),
        ("prices.csv", MS, "does not say whose prices it holds; add --asset BTC"),
        (
            "bitcoin.json",
            '{"prices":[[1711843200000,1]],"market_caps":[[1711843200000,1]],"total_volumes":[[1711843200000,1]]}',
            "does not say whose prices",
        ),
    ],
    ids=["USDT is no dollar", "a file without a name", "a chart without its coin"],
)
def test_what_is_not_stated_is_asked(ready: Stores, tmp_path: Path, name: str, text: str, reason: str) -> None:
    """Neither a currency nor an asset is taken for granted."""
    with pytest.raises((UsageError, ContractError), match=reason):
        ingest.import_vendor(ready, [put(tmp_path, name, text)])


def test_a_bad_row_is_one_line_a_kind_with_its_column(ready: Stores, tmp_path: Path) -> None:
    """A thousand commas are one sentence with the first line, the column and how many more."""
    lines = [f'2024-01-0{day} 00:00:00 UTC,"57343,1{day}",0,1' for day in range(1, 6)]
    path = put(tmp_path, "btc-usd-max.csv", "\n".join(["snapped_at,price,market_cap,total_volume", *lines]))
    with pytest.raises(ContractError) as caught:
        ingest.import_vendor(ready, [path])
    said = str(caught.value)
    assert (
        "line 2: price: '57343,11' is not a number: write a point, and no thousands separators (and 4 more such)"
        in said
    )
    assert said.count("line ") == 1


def test_an_import_is_logged_and_undone(ready: Stores, tmp_path: Path) -> None:
    """The log has the file's hash; undoing takes out its rows and no others, once."""
    log = ImportLog(tmp_path / "log")
    first = put(
        tmp_path, "btc-usd-max.csv", "snapped_at,price,market_cap,total_volume\n2024-01-01 00:00:00 UTC,1.5,0,1\n"
    )
    second = put(
        tmp_path, "eth-usd-max.csv", "snapped_at,price,market_cap,total_volume\n2024-01-01 00:00:00 UTC,2.5,0,1\n"
    )
    made = [ingest.import_vendor(ready, [path], log=log, now=NOW) for path in (first, second)]
    assert [entry.rows for entry in log.entries()] == [{"market_data": 1}] * 2
    assert all(len(sign) == 64 for entry in log.entries() for sign in entry.files.values())
    assert log.undo(ready, made[0].id) == {"market_data": 1}
    assert held(ready)["price"].to_list() == [Decimal("2.5")]
    with pytest.raises(UsageError, match="undone already"):
        log.undo(ready, made[0].id)
    assert ingest.import_vendor(ready, [first], log=log, now=NOW).added["market_data"] == 1


def test_every_layout_names_its_source_and_day() -> None:
    """A layout says where its vendor describes it and when that was looked at; its patterns compile."""
    for one in ingest.layout.layouts().values():
        assert one.source
        assert one.seen.year >= 2024
        assert set(one.formats) <= {"csv", "json", "parquet"}


def test_dune_prices_find_the_contract_from_csv_and_parquet(
    ready: Stores, known: dict[str, pl.DataFrame], tmp_path: Path
) -> None:
    """Times end with ` UTC`, addresses are text or bytes; both give the same row."""
    token = known["assets"].filter(pl.col("contract_address").is_not_null(), chain_id=1).row(0, named=True)
    address = token["contract_address"]
    mixed = "0x" + address[2:].upper()
    csv = put(
        tmp_path,
        "dune.csv",
        f"timestamp,blockchain,contract_address,symbol,price\n2024-05-01 00:00:00.000 UTC,ethereum,{mixed},X,1.25\n",
    )
    assert ingest.import_vendor(ready, [csv]).added["market_data"] == 1
    frame = pl.DataFrame(
        {
            "timestamp": [moment("2024-05-01T00:00:00")],
            "blockchain": ["ethereum"],
            "contract_address": [bytes.fromhex(address[2:])],
            "symbol": ["X"],
            "price": [1.25],
        }
    ).with_columns(pl.col("timestamp").dt.cast_time_unit("ms"))
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    path = tmp_path / "dune.parquet"
    path.write_bytes(buffer.getvalue())
    assert ingest.import_vendor(ready, [path]).present["market_data"] == 1
    assert held(ready)["asset_id"].to_list() == [token["id"]]
