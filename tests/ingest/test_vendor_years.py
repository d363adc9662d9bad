"""Each vendor's file in the form of each year: every value is the one written by hand next to it, or a refusal says why.

The header lines are those of public parsers and of vendors' own help pages; the rows are our own.
"""

# ruff: noqa: E501 - lines as vendors write them

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from ys_analytics.errors import ContractError, UsageError
from ys_analytics.ingest import detecting, prices, raw_tables
from ys_analytics.ingest.assets import Asset, Assets
from ys_analytics.ingest.prices import ImportOptions
from ys_analytics.ingest.problems import Problems

from .test_vendor_ledgers import ME, OTHER, USDC, Read, line

USDT = frozenset({"USDT"})
USD, PAR = ImportOptions(quote="USD"), ImportOptions(par=USDT)
HASH = "0x" + "ab" * 32


def quotes(folder: Path, name: str, text: str, options: ImportOptions) -> list[tuple[str, ...]]:
    """Time, symbol, price, volume and market cap of every row, in order of time."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    [file] = raw_tables.open_file(path)
    table, _ = detecting.detect(file)
    known = [
        Asset(id=one, symbol=one, chain=None, contract=None, decimals=18, vendor=vendor, name=one)
        for one, vendor in (("BTC", "bitcoin"), ("ETH", "ethereum"), ("USDC", "usd-coin"))
    ]
    problems = Problems(table="t", grouped=True)
    rows, _ = prices.quotes(table, Assets(known), options, problems, rates={})
    problems.raise_if_any(order=[name])
    return [
        (f"{row['timestamp']:%Y-%m-%dT%H:%M:%S}", row["asset_id"], *(_digits(row[one]) for one in ("price", "volume_24h", "market_cap")))
        for row in rows.sort("timestamp").iter_rows(named=True)
    ]  # fmt: skip


def _digits(number: Decimal) -> str:
    return f"{number.normalize():f}"


KLINE = "1704067200000,42283.58,44184.10,42180.77,44179.55,27174.29,1704153599999,1169995682.12,1241000,15000.1,640000000.5,0"
CDD = "Unix,Date,Symbol,Open,High,Low,Close,Volume BTC,Volume USDT,tradecount"
PRICES = [
    pytest.param(
        "BTCUSDT-1d-2024-01.csv", "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n" + KLINE, PAR,
        [("2024-01-01T23:59:59", "BTC", "44179.55", "1169995682.12", "0")], id="Binance, futures with a header",
    ),
    pytest.param(
        "BTCUSDT-1d.csv", "open_time,open,high,low,close,volume,close_time,quote_asset_volume,number_of_trades,taker_buy_base_asset_volume,taker_buy_quote_asset_volume,ignore\n" + KLINE, PAR,
        [("2024-01-01T23:59:59", "BTC", "44179.55", "1169995682.12", "0")], id="Binance, names of the API",
    ),
    pytest.param(
        "BTCUSDT-1d.json", f"[[{','.join(json.dumps(one) if place not in (0, 6, 8) else one for place, one in enumerate(KLINE.split(',')))}]]", PAR,
        [("2024-01-01T23:59:59", "BTC", "44179.55", "1169995682.12", "0")], id="Binance, the API",
    ),
    pytest.param(
        "BTCUSD_PERP-1d-2024-01.csv", KLINE, ImportOptions(),
        [("2024-01-01T23:59:59", "BTC", "44179.55", "0", "0")], id="Binance, futures in coins: no volume in money",
    ),
    pytest.param(
        "BTCUSDT-1h-2017-08.csv", "1502942400000,4261.48,4313.62,4261.32,4308.83,47.181009,1502945999999,202366.138393,171,35.160503,150952.47794304,7887.63513314", PAR,
        [("2017-08-17T04:59:59", "BTC", "4308.83", "0", "0")], id="Binance 2017, an hour",
    ),
    pytest.param(
        "Bitcoin_1_1_2022-1_3_2022_historical_data_coinmarketcap.csv",
        "timeOpen;timeClose;timeHigh;timeLow;open;high;low;close;volume;marketCap;timestamp\n"
        '"2022-01-01T00:00:00.000Z";"2022-01-01T23:59:59.999Z";"x";"x";46311.74;47827.31;46288.48;47686.81;24582667004;902104193385;"2022-01-01T23:59:59.999Z"\n', USD,
        [("2022-01-01T23:59:59", "BTC", "47686.81", "24582667004", "902104193385")], id="CoinMarketCap 2022, without a currency",
    ),
    pytest.param(
        "Bitcoin_7_9_2026-7_10_2026_historical_data_coinmarketcap.csv",
        "﻿timeOpen;timeClose;timeHigh;timeLow;name;open;high;low;close;volume;marketCap;circulatingSupply;timestamp\n"
        '"2025-10-20T00:00:00.000Z";"2025-10-20T23:59:59.999Z";"2025-10-20T15:53:00.000Z";"2025-10-20T00:34:00.000Z";"2781";108667.44;111711.03;107485.01;110588.93;63507793084.59;2204868785654.89;19937518;"2025-10-20T23:59:59.999Z"\n', ImportOptions(),
        [("2025-10-20T23:59:59", "BTC", "110588.93", "63507793084.59", "2204868785654.89")], id="CoinMarketCap 2025, with the supply",
    ),
    pytest.param(
        "BTC_ALL_graph_coinmarketcap.csv",
        'open;high;low;close;volume;marketCap;timestamp\n134.44;147.48;134;144.53;0;1603768864.5;"2013-04-29T23:59:59.999Z"\n', USD,
        [("2013-04-29T23:59:59", "BTC", "144.53", "0", "1603768864.5")], id="CoinMarketCap, graph until 2024",
    ),
    pytest.param(
        "BTC_All_graph_coinmarketcap.csv",
        'timestamp;price;volume\n"2025-03-01T00:00:00.000Z";84373.01;26000000000.5\n', USD,
        [("2025-03-01T00:00:00", "BTC", "84373.01", "26000000000.5", "0")], id="CoinMarketCap, graph since",
    ),
    pytest.param(
        "bitcoin.csv", 'Date,Open*,High,Low,Close**,Volume,Market Cap\n"Jul 28, 2019","9,491.63",9575.55,9252.30,9552.86,"13,738,687,093","170,461,958,074"\n"Dec 26, 2013",665.58,712.10,650.00,702.10,-,8579680000\n', USD,
        [("2013-12-26T23:59:59", "BTC", "702.1", "0", "8579680000"), ("2019-07-28T23:59:59", "BTC", "9552.86", "13738687093", "170461958074")], id="CoinMarketCap, the table of the old site",
    ),
    pytest.param(
        "Binance_BTCUSDT_1h.csv", f"https://www.CryptoDataDownload.com\n{CDD}\n"
        "1586995200,2020-04-16 00:00:00,BTC/USDT,6640.58,6650,6600,6620.5,2,13241,9\n"
        "1586991600000,2020-04-15 23:00:00,BTC/USDT,6600,6700,6550,6640.58,1,6640,7\n", PAR,
        [("2020-04-15T23:59:59", "BTC", "6640.58", "0", "0"), ("2020-04-16T00:59:59", "BTC", "6620.5", "0", "0")], id="CryptoDataDownload, seconds and milliseconds in one file",
    ),
    pytest.param(
        "Gemini_BTCUSD_d.csv", "https://www.CryptoDataDownload.com\nUnix Timestamp,Date,Symbol,Open,High,Low,Close,Volume\n"
        "1570665600000,2019-10-10,BTCUSD,8587.1,8650,8450,8575.91,1800.5\n", ImportOptions(),
        [("2019-10-10T23:59:59", "BTC", "8575.91", "0", "0")], id="CryptoDataDownload, Gemini: a volume in coins",
    ),
    pytest.param(
        "Coinbase_BTCUSD_1h.csv", "https://www.CryptoDataDownload.com\nDate,Symbol,Open,High,Low,Close,Volume BTC,Volume USD\n"
        "2019-08-06 11-PM,BTCUSD,11450,11480,11400,11465.67,520.5,5967000\n2019-08-06 12-AM,BTCUSD,11800,11900,11700,11850.25,1,2\n", ImportOptions(),
        [("2019-08-06T00:59:59", "BTC", "11850.25", "0", "0"), ("2019-08-06T23:59:59", "BTC", "11465.67", "0", "0")], id="CryptoDataDownload until 2020, hours with AM and PM",
    ),
    pytest.param(
        "Bitstamp_BTCUSD_d.csv", "https://www.CryptoDataDownload.com\nunix,date,symbol,open,high,low,close,Volume BTC,Volume USD\n"
        "1646092800,2022-03-01 00:00:00,BTC/USD,43221.71,44949,42809.98,44420.3,3198.66,140000000.25\n", ImportOptions(),
        [("2022-03-01T23:59:59", "BTC", "44420.3", "140000000.25", "0")], id="CryptoDataDownload, Bitstamp",
    ),
    pytest.param(
        "XBTUSD_10080.csv", "1704067200,42288.5,44240.0,42180.0,44187.1,1200.5,3000\n1704672000,44187.1,45900,44000.5,44960.4,1,2\n", ImportOptions(interval="1w"),
        [("2024-01-07T23:59:59", "BTC", "44187.1", "0", "0"), ("2024-01-14T23:59:59", "BTC", "44960.4", "0", "0")], id="Kraken OHLCVT, weeks",
    ),
    pytest.param(
        "btc-usd-max.csv", "snapped_at,price,market_cap,total_volume\n2013-04-28 00:00:00 UTC,135.3,1500517590.0,0.0\n2015-08-08 00:00:00 UTC,2.5,,\n", ImportOptions(),
        [("2013-04-28T00:00:00", "BTC", "135.3", "0", "1500517590"), ("2015-08-08T00:00:00", "BTC", "2.5", "0", "0")], id="CoinGecko, the site, with empty cells",
    ),
    pytest.param(
        "bitcoin_usd.json", '{"prices":[[1367107200000,135.3]],"market_caps":[[1367107200000,null]],"total_volumes":[[1367107200000,0.0]]}', ImportOptions(),
        [("2013-04-28T00:00:00", "BTC", "135.3", "0", "0")], id="CoinGecko, the API, with null",
    ),
    pytest.param(
        "BTC_USD.json", '{"Response":"Success","Type":100,"Aggregated":false,"Data":[{"time":1546300800,"close":3841.5,"high":3850.9,"low":3707.2,"open":3743.1,"volumefrom":1.5,"volumeto":5000.25}],"TimeTo":1546300800,"TimeFrom":1546300800,"FirstValueInArray":true,"ConversionType":{"type":"direct","conversionSymbol":""}}', ImportOptions(interval="1d"),
        [("2019-01-01T23:59:59", "BTC", "3841.5", "5000.25", "0")], id="CryptoCompare until 2019",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "options", "right"), PRICES)
def test_prices_of_each_year_are_read(
    tmp_path: Path, name: str, text: str, options: ImportOptions, right: list[tuple[str, ...]]
) -> None:
    """The layout is recognised, and each value is the file's."""
    assert quotes(tmp_path, name, text, options) == right


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        (
            "Binance_BTCUSDT_1h.csv",
            f"{CDD}\n1586995200,2020-04-16 01:00:00,BTC/USDT,6640.58,6650,6600,6620.5,2,13241,9\n",
            "Date: '2020-04-16 01:00:00' is another moment than the row's time",
        ),
        (
            "Bitcoin_1_1_2022-1_3_2022_historical_data_coinmarketcap.csv",
            "timeOpen;timeClose;timeHigh;timeLow;open;high;low;close;volume;marketCap;timestamp\nx;x;x;x;1;1;1;1;1;1;2022-01-01T23:59:59.999Z\n",
            "in which currency its prices are; add --quote USD",
        ),
        (
            "Binance_BTCUSDT_d.csv",
            f"{CDD.replace('Volume USDT', 'Volume USDxx')}\n1586995200000,2020-04-16,BTC/USDT,6640.58,6650,6600,6620.5,2,13241,9\n",
            "no layout fits its columns",
        ),
        (
            "Coinbase_BTCUSD_1h.csv",
            "Date,Symbol,Open,High,Low,Close,Volume BTC,Volume in dollars\n2019-08-06 11-PM,BTCUSD,11450,11480,11400,11465.67,520.5,5967000\n",
            "no layout fits its columns",
        ),
    ],
    ids=["a count that is not its date", "no currency", "a volume of no coin", "a volume without a symbol"],
)
def test_what_a_file_contradicts_or_leaves_out_is_said(tmp_path: Path, name: str, text: str, reason: str) -> None:
    """Nothing is taken for granted where a column says otherwise."""
    with pytest.raises((ContractError, UsageError), match=reason):
        quotes(tmp_path, name, text, PAR)


COINBASE_HEADS = {
    "2018": "Timestamp,Transaction Type,Asset,Quantity Transacted,{c} Spot Price at Transaction,{c} Amount Transacted (Inclusive of Coinbase Fees),Address,Notes",
    "2019": "Timestamp,Transaction Type,Asset,Quantity Transacted,{c} Spot Price at Transaction,{c} Subtotal,{c} Total (inclusive of fees),{c} Fees,Notes",
    "2021": "Timestamp,Transaction Type,Asset,Quantity Transacted,Spot Price Currency,Spot Price at Transaction,Subtotal,Total (inclusive of fees),Fees,Notes",
    "2022": "Timestamp,Transaction Type,Asset,Quantity Transacted,Spot Price Currency,Spot Price at Transaction,Subtotal,Total (inclusive of fees and/or spread),Fees and/or Spread,Notes",
    "2024": "ID,Timestamp,Transaction Type,Asset,Quantity Transacted,Price Currency,Price at Transaction,Subtotal,Total (inclusive of fees and/or spread),Fees and/or Spread,Notes",
    "2025": "ID,Timestamp,Transaction Type,Asset,Quantity Transacted,Price Currency,Price at Transaction,Subtotal,Total (inclusive of fees and/or spread),Fees and/or Spread,Notes,Sender Address,Recipient Address",
}
KRAKEN_HEADS = {
    "2013": "txid,refid,time,type,aclass,asset,amount,fee,balance",
    "2020": "txid,refid,time,type,subtype,aclass,asset,amount,fee,balance",
    "2023": "txid,refid,time,type,subtype,aclass,asset,wallet,amount,fee,balance",
    "2025": "txid,refid,time,type,subtype,aclass,subclass,asset,wallet,amount,fee,balance",
    "2025 in dollars": "txid,refid,time,type,subtype,aclass,asset,wallet,amount,fee,balance,amountusd",
    "2026": "txid,refid,time,type,subtype,aclass,subclass,asset,wallet,amount,fee,balance,amountusd,feeusd,balanceusd,feecurrency",
}


def filled(head: str, rows: Sequence[dict[str, str]]) -> str:
    """A CSV file whose rows have the cells that are named, quoted as vendors quote them."""
    names = head.split(",")
    return head + "\n" + "".join(line(*(row.get(name, "") for name in names)) for row in rows)


class TestCoinbase:
    """Six headers; what is paid is the total, in the currency of the header, the column or the note."""

    @pytest.mark.parametrize("year", COINBASE_HEADS)
    def test_purchases_and_payments_of_each_year_are_read(self, tmp_path: Path, year: str) -> None:
        """No matter what the columns are called, the same two movements."""
        head = COINBASE_HEADS[year].format(c="EUR")
        total = next(name for name in head.split(",") if "nclusive of" in name)
        sign = "-" if year >= "2024" else ""
        common = {"Price Currency": "EUR", "Spot Price Currency": "EUR"}
        bought = {"ID": "a", "Timestamp": "2020-02-03T04:05:06Z", "Transaction Type": "Buy", "Asset": "BTC"}
        bought |= {"Quantity Transacted": "0.02", total: "1,200.50", "Notes": "Bought 0.02 BTC for €1,200.50 EUR"}
        went = {"ID": "b", "Timestamp": "2020-03-03T04:05:06Z", "Transaction Type": "Send", "Asset": "BTC"}
        went |= {"Quantity Transacted": f"{sign}0.005", "Notes": "Sent 0.005 BTC to somebody"}
        banner = "You can use this transaction report to inform your likely tax obligations.\n\nTransactions\nUser,jane@example.com,1\n"
        text = banner + filled(head, [bought | common, went | common])
        assert Read(tmp_path, {"paid": "outside"}).add("coinbase.csv", text).rows() == [
            ("deposit", "+1200.5 EUR", "deposit", ""),
            ("swap", "-1200.5 EUR +0.02 BTC", "trade", ""),
            ("withdraw", "-0.005 BTC", "withdraw", ""),
        ]

    def test_a_trade_priced_in_another_currency_is_paid_in_that_of_its_note(self, tmp_path: Path) -> None:
        """An advanced trade states its price in the customer's currency and what was paid in the note."""
        head = COINBASE_HEADS["2025"]
        rows = [
            {"ID": str(number), "Timestamp": f"2025-02-1{number} 10:22:40 UTC", "Transaction Type": kind, "Asset": asset, "Quantity Transacted": amount,
             "Price Currency": "USD", "Total (inclusive of fees and/or spread)": total, "Notes": note}
            for number, (kind, asset, amount, total, note) in enumerate([
                ("Deposit", "EUR", "10", "$11", "Deposit from bank"),
                ("Advanced Trade Buy", "USDC", "3.72", "$3.72", "Bought 3.72 USDC for 3.43356 EUR on USDC-EUR at 0.923 EUR/USDC"),
                ("Advanced Trade Sell", "USDC", "-1.5", "$1.50", "Sold 1.5 USDC for 1.38 EUR on USDC-EUR at 0.923 EUR/USDC"),
                ("Receive", "USDC", "0.02", "$0.02", "Received 0.02 USDC from Coinbase Rewards"),
                ("Receive", "USDC", "0.5", "$0.50", "Received 0.5 USDC from an external account"),
                ("Subscription Rebates (24 Hours)", "USDC", "0.1", "$0.10", "All Subscription Rebates over a 24 hour period"),
            ])
        ]  # fmt: skip
        read = Read(tmp_path).add("coinbase.csv", filled(head, rows))
        assert read.rows() == [
            ("deposit", "+10 EUR", "deposit", ""),
            ("swap", "-3.43356 EUR +3.72 USDC", "trade", ""),
            ("swap", "-1.5 USDC +1.38 EUR", "trade", ""),
            ("claim", "+0.02 USDC", "income", ""),
            ("deposit", "+0.5 USDC", "deposit", ""),
            ("claim", "+0.1 USDC", "income", ""),
        ]
        assert any("of Notes say in which currency it was paid" in one for one in read.problems.remark_lines())


class TestKraken:
    """Six headers, staked names of one asset, fees that come back."""

    @pytest.mark.parametrize("year", KRAKEN_HEADS)
    def test_deposits_and_trades_of_each_year_are_read(self, tmp_path: Path, year: str) -> None:
        """Fees are in the legs of the trade, and the balances agree."""
        euro, coin = ("ZEUR", "XXBT") if year < "2025" else ("EUR", "BTC")
        rows = [
            {"txid": "L1", "refid": "D", "time": "2019-01-05 10:00:01", "type": "deposit", "asset": euro, "amount": "1000.0000", "fee": "0", "balance": "1000.0000"},
            {"txid": "L2", "refid": "T", "time": "2019-01-06 10:00:00", "type": "trade", "subtype": "tradespot", "asset": euro, "amount": "-500.0000", "fee": "0.8000", "balance": "499.2000", "feecurrency": euro},
            {"txid": "L3", "refid": "T", "time": "2019-01-06 10:00:00", "type": "trade", "subtype": "tradespot", "asset": coin, "amount": "0.0200000000", "fee": "0", "balance": "0.0200000000"},
        ]  # fmt: skip
        read = Read(tmp_path).add("ledgers.csv", filled(KRAKEN_HEADS[year], rows))
        assert read.rows() == [("deposit", "+1000 EUR", "deposit", ""), ("swap", "-500.8 EUR +0.02 BTC", "trade", "")]
        assert {(one.asset.symbol, one.balance) for one in read.stated} == {("EUR", Decimal("499.2")), ("BTC", Decimal("0.02"))}  # fmt: skip

    def test_staked_names_failed_transfers_and_margins(self, tmp_path: Path) -> None:
        """ETH2.S and BTC28.S are ETH and BTC; a withdrawal that failed comes back with its fee; a loss is no withdrawal."""
        rows = [
            {"txid": f"L{number}", "refid": f"R{number}", "time": f"2021-01-0{number} 10:00:00", "type": kind, "asset": asset, "amount": amount, "fee": fee}
            for number, (kind, asset, amount, fee) in enumerate([
                ("staking", "ETH2.S", "0.01", "0"), ("staking", "XBT28.S", "0.02", "0"), ("withdrawal", "XETH", "-1", "0.005"),
                ("withdrawal", "XETH", "1", "-0.005"), ("rollover", "XETH", "0", "0.001"), ("margin", "XETH", "-0.3", "0.002"), ("margin", "XETH", "0.4", "0.002"),
            ], start=1)
        ]  # fmt: skip
        assert Read(tmp_path).add("ledgers.csv", filled(KRAKEN_HEADS["2020"], rows)).rows() == [
            ("claim", "+0.01 ETH", "income", ""),
            ("claim", "+0.02 BTC", "income", ""),
            ("withdraw", "-1 ETH", "withdraw", ""),
            ("swap", "-0.005 ETH", "fee", ""),
            ("deposit", "+1.005 ETH", "withdraw", ""),
            ("swap", "-0.001 ETH", "fee", ""),
            ("swap", "-0.3 ETH", "fee", ""),
            ("swap", "-0.002 ETH", "fee", ""),
            ("claim", "+0.4 ETH", "income", ""),
            ("swap", "-0.002 ETH", "fee", ""),
        ]


KOINLY_2022 = "Date,Type,{tag},Sending Wallet,Sent Amount,Sent Currency,Sent Cost Basis,Receiving Wallet,Received Amount,Received Currency,Received Cost Basis,Fee Amount,Fee Currency,Gain (EUR),Net Value (EUR),Fee Value (EUR),TxSrc,TxDest,TxHash,Description"
KOINLY_2024 = "ID (read-only),Parent ID (read-only),Date (UTC),Type,Tag,From Wallet (read-only),From Wallet ID,From Amount,From Currency,To Wallet (read-only),To Wallet ID,To Amount,To Currency,Fee Amount,Fee Currency,Net Worth Amount,Net Worth Currency,Fee Worth Amount,Fee Worth Currency,Net Value (read-only),Fee Value (read-only),Value Currency (read-only),Deleted,From Source (read-only),To Source (read-only),Negative Balances (read-only),Missing Rates (read-only),Missing Cost Basis (read-only),Synced To Accounting At (UTC read-only),TxSrc,TxDest,TxHash,Description"
TRACKER = "Date,Type,Transaction ID,Received Quantity,Received Currency,Received Cost Basis (USD),Received Wallet,Received Address,Received Tag,Received Comment,Sent Quantity,Sent Currency,Sent Cost Basis (USD),Sent Wallet,Sent Address,Sent Tag,Sent Comment,Fee Amount,Fee Currency,Realized Return (USD),Ignored"
MOVED = [
    ("deposit", "+2 ETH", "deposit", ""),
    ("bridge", "-1.5 ETH +1.5 ETH", "transfer", ""),
    ("swap", "-0.001 ETH", "fee", ""),
    ("swap", "-0.5 ETH +0.02 BTC", "trade", ""),
    ("claim", "+0.01 ETH", "income", ""),
    ("withdraw", "-0.1 ETH", "withdraw", ""),
]


class TestTrackers:
    """Histories of Koinly and CoinTracker: a transfer has both sides in one row and is no flow."""

    @pytest.mark.parametrize("head", [KOINLY_2022.format(tag="Label"), KOINLY_2022.format(tag="Tag"), KOINLY_2024])
    def test_the_history_of_koinly_is_read(self, tmp_path: Path, head: str) -> None:
        """Ids after `;` are no part of a name, and a deleted row is none."""
        new = head == KOINLY_2024
        of = ("To", "From") if new else ("Received", "Sent")
        wallet = ("To Wallet (read-only)", "From Wallet (read-only)") if new else ("Receiving Wallet", "Sending Wallet")
        end = ";3054" if new else ""

        def row(day: int, kind: str, tag: str, came: str, went: str, fee: str = "") -> dict[str, str]:  # noqa: PLR0917 - the cells of a row
            cells = {"ID (read-only)": f"{day}", "Type": kind, "Tag": tag, "Label": tag, "Deleted": "false"}
            cells |= {"Date" if not new else "Date (UTC)": f"2024-01-0{day} 09:00:00" + ("" if new else " UTC")}
            for place, text in enumerate((came, went)):
                amount, _, asset = text.partition(" ")
                if text:
                    cells |= {f"{of[place]} Amount": amount, f"{of[place]} Currency": asset + end, wallet[place]: ("cold;eth", "Kraken;kraken")[place]}  # fmt: skip
            return cells | ({"Fee Amount": fee, "Fee Currency": f"ETH{end}"} if fee else {})

        rows = [
            row(1, "crypto_deposit", "", "2 ETH", ""),
            row(2, "transfer", "", "1.5 ETH", "1.5 ETH", "0.001"),
            row(3, "exchange", "swap", "0.02 BTC", "0.5 ETH"),
            row(4, "crypto_deposit", "Staking" if new else "staking", "0.01 ETH", ""),
            row(5, "crypto_withdrawal", "", "", "0.1 ETH"),
        ]
        if new:
            rows.append(row(6, "crypto_deposit", "", "99 ETH", "") | {"Deleted": "true"})
        text = ("" if new else "Transaction report 2024\n\n") + filled(head, rows)
        assert Read(tmp_path).add("koinly.csv", text).rows() == MOVED

    def test_the_history_of_cointracker_is_read(self, tmp_path: Path) -> None:
        """The last line says that there is more, and is no row."""

        def row(day: int, kind: str, came: str, went: str, tag: str = "", fee: str = "") -> dict[str, str]:  # noqa: PLR0917 - the same
            cells = {"Date": f"01/0{day}/2024 09:00:00", "Type": kind, "Transaction ID": f"t{day}", "Received Tag": tag}
            for side, text in (("Received", came), ("Sent", went)):
                amount, _, asset = text.partition(" ")
                cells |= {f"{side} Quantity": amount, f"{side} Currency": asset, f"{side} Wallet": f"{side} - x" if text else ""}  # fmt: skip
            return cells | ({"Fee Amount": fee, "Fee Currency": "ETH"} if fee else {})

        rows = [
            row(1, "Receive", "2 ETH", ""),
            row(2, "Transfer", "1.5 ETH", "1.5 ETH", "", "0.001"),
            row(3, "Trade", "0.02 BTC", "0.5 ETH"),
            row(4, "Receive", "0.01 ETH", "", "Staked"),
            row(5, "Send", "", "0.1 ETH"),
        ]
        text = filled(TRACKER, rows) + "...\n"
        assert Read(tmp_path).add("cointracker.csv", text).rows() == MOVED

    @pytest.mark.parametrize("label", ["lending_interest", "Lending interest", "lending interest"])
    @pytest.mark.parametrize(("tag", "hash_"), [("Label", "TxHash"), ("Tag", "Tx Hash")])
    def test_the_spellings_of_koinly_are_one_label(self, tmp_path: Path, label: str, tag: str, hash_: str) -> None:
        """Capitals, `_` and the two names of the column are one label."""
        head = f"Date,Sent Amount,Sent Currency,Received Amount,Received Currency,Fee Amount,Fee Currency,Net Worth Amount,Net Worth Currency,{tag},Description,{hash_}"
        text = f"{head}\n2024-01-01T09:00:00Z,0.000000,,0.5,ETH,0.000000,,,,{label},,\n"
        assert Read(tmp_path).add("koinly.csv", text).rows() == [("claim", "+0.5 ETH", "income", "")]

    def test_a_label_that_nobody_knows_is_asked_about(self, tmp_path: Path) -> None:
        """A deposit with a tag of one's own is not taken for a plain one."""
        row = {"Date": "2024-01-01 09:00:00 UTC", "Type": "crypto_deposit", "Tag": "my tag", "Receiving Wallet": "w", "Received Amount": "1", "Received Currency": "ETH"}  # fmt: skip
        read = Read(tmp_path).add("koinly.csv", filled(KOINLY_2022.format(tag="Tag"), [row]))
        assert read.rows() == []
        assert "what is 'crypto_deposit/my tag'?" in read.answers.open_questions[0].about


EXPLORERS = {
    "Etherscan 2018": ("Txhash", "DateTime", "ETH", "Eth", "ethereum", ""),
    "Etherscan 2021": ("Txhash", "DateTime", "ETH", "Eth", "ethereum", ',"Method"'),
    "Etherscan 2024": ("Transaction Hash", "DateTime (UTC)", "ETH", "Eth", "ethereum", ',"Method","PrivateNote"'),
    "BscScan": ("Txhash", "DateTime", "BNB", "BNB", "bsc", ',"Method"'),
    "Polygonscan 2023": ("Txhash", "DateTime", "MATIC", "MATIC", "", ',"Method"'),
    "Arbiscan": ("Transaction Hash", "DateTime (UTC)", "ETH", "ETH", "arbitrum", ',"Method"'),
    "Optimistic Etherscan": ("Transaction Hash", "DateTime (UTC)", "ETH", "ETH", "optimism", ',"Method"'),
    "Gnosisscan": ("Transaction Hash", "DateTime (UTC)", "xDai", "xDai", "", ',"Method"'),
}


@pytest.mark.parametrize("name", EXPLORERS)
def test_the_export_of_each_explorer_and_year_is_read(tmp_path: Path, name: str) -> None:
    """The coin stands in the columns' names; value and fee of the sender, nothing else of the receiver."""
    hash_, date, coin, price, chain, end = EXPLORERS[name]
    head = (
        f'"{hash_}","Blockno","UnixTimestamp","{date}","From","To","ContractAddress","Value_IN({coin})","Value_OUT({coin})",'
        f'"CurrentValue @ $1,642.27/{price}","TxnFee({coin})","TxnFee(USD)","Historical $Price/{price}","Status","ErrCode"{end}\n'
    )
    more = [""] * end.count(",")
    when = datetime(2021, 3, 1, 8, tzinfo=UTC)
    written = f"{when:%Y-%m-%d %H:%M:%S}" if "2021" not in name else "3/1/2021 8:00:00 AM"
    text = head + line(HASH, "18100000", str(int(when.timestamp())), written, ME, OTHER, "", "0", "1.5", "1", "0.000312", "1", "1", "", "", *more)  # fmt: skip
    rows = Read(tmp_path).add("export.csv", text).rows(chain=chain, register=True)
    assert [(kind, action, gas) for kind, _, action, gas in rows] == [("withdraw", "withdraw", "network_fee 0.000312000000000000")]  # fmt: skip
    assert rows[0][1].startswith("-1.5 ")


@pytest.mark.parametrize(
    "head",
    [
        '"Txhash","UnixTimestamp","DateTime","From","To","Value","ContractAddress","TokenName","TokenSymbol"',
        '"Txhash","Blockno","UnixTimestamp","DateTime","From","To","TokenValue","USDValueDayOfTx","ContractAddress","TokenName","TokenSymbol"',
        '"Transaction Hash","Blockno","UnixTimestamp","DateTime (UTC)","From","From_PrivateTag","To","To_PrivateTag","TokenValue","USDValueDayOfTx","ContractAddress","TokenName","TokenSymbol","PrivateNote"',
    ],
    ids=["until 2019", "2021", "with private tags"],
)
def test_transfers_of_tokens_of_each_year_are_read(tmp_path: Path, head: str) -> None:
    """Separators of thousands are none of the amount."""
    cells = {
        "Txhash": HASH,
        "Transaction Hash": HASH,
        "Blockno": "1",
        "UnixTimestamp": "1614585600",
        "From": OTHER,
        "To": ME,
        "Value": "1,500.25",
    }
    cells |= {"TokenValue": "1,500.25", "USDValueDayOfTx": "$1,500.25", "ContractAddress": USDC, "TokenName": "USD Coin", "TokenSymbol": "USDC"}  # fmt: skip
    read = Read(tmp_path).add("export.csv", filled(head.replace('"', ""), [cells]))
    assert read.rows() == [("deposit", "+1500.25 USDC", "deposit", "")]
