"""What is written for others is read back as what it was: spreadsheets to the digit, other programs' layouts by balance."""

# ruff: noqa: E501 - lines as vendors write them

import json
import zipfile
from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from pathlib import Path
from xml.etree import ElementTree as ET

import polars as pl
import pytest

from ys_analytics.errors import UsageError
from ys_analytics.frames import spreadsheet
from ys_analytics.ingest import export_as
from ys_analytics.schemas import MONEY, TABLES, TIME

from .test_vendor_ledgers import COINBASE_2024, KRAKEN_OLD, ME, MODERN, OTHER, ROUTER, USDC, WETH, Read, sent

_SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
Moved = dict[tuple[datetime, str], Decimal]


def test_a_sheet_is_read_back_to_the_digit(tmp_path: Path) -> None:
    """Fifteen digits are a number and eighteen decimals are text, both exact; `=1+1` and `007` stay text."""
    frame = pl.DataFrame(
        {
            "amount": pl.Series([Decimal("0.1"), Decimal("1.123456789012345678"), None, Decimal("-12345678901.2345")], dtype=MONEY),
            "name": ["=1+1", "007", "", None],
            "at": pl.Series([datetime(2026, 1, 1, tzinfo=UTC), None, None, datetime(2026, 1, 1, 12, 0, 0, 1, tzinfo=UTC)], dtype=TIME),
            "count": [1, 2**60, None, -3],
            "map": pl.Series([[{"key": "a", "value": Decimal("0.5")}], [], None, None], dtype=pl.List(pl.Struct({"key": pl.String, "value": pl.Decimal(18, 8)}))),
        }
    )  # fmt: skip
    written = spreadsheet.write(tmp_path / "rows.xlsx", [frame.head(2), frame.tail(2)], sheet="rows")
    assert (written.rows, written.as_text) == (4, 2)
    back = cells(tmp_path / "rows.xlsx")
    for place, name in enumerate(("amount", "count")):
        column = "AD"[place]
        found = [back.get(f"{column}{row}") for row in range(2, 6)]
        assert [None if one is None else Decimal(one) for one in found] == frame[name].to_list()
    assert [back.get(f"B{row}") for row in range(2, 6)] == ["=1+1", "007", "", None]
    assert [back.get(f"C{row}") for row in (2, 5)] == ["2026-01-01T00:00:00Z", "2026-01-01T12:00:00.000001Z"]
    assert json.loads(back["E2"], parse_float=Decimal) == {"a": Decimal("0.50000000")}
    # And by a reader of spreadsheets: text as text.
    assert pl.read_excel(tmp_path / "rows.xlsx")["name"].to_list()[:2] == ["=1+1", "007"]


def cells(path: Path) -> dict[str, str]:
    """Every cell of the only sheet as it is written in the file."""
    with zipfile.ZipFile(path) as book:
        sheet = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314 - our own file
    return {one.attrib["r"]: "".join(one.itertext()) for one in sheet.iter(f"{_SHEET}c")}


def test_more_rows_than_a_sheet_has_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sheet that ends early would be half a table."""
    monkeypatch.setattr(spreadsheet, "ROWS", 3)
    with pytest.raises(UsageError, match="a sheet has 3 rows; write to a file that ends in"):
        spreadsheet.write(tmp_path / "rows.xlsx", [pl.DataFrame({"a": [1, 2, 3]})], sheet="rows")


def assets() -> pl.DataFrame:
    """The registry of `Read` as the table has it."""
    rows = [(one.id, one.symbol, one.chain, one.contract) for one in Read(Path()).assets._known]
    known = pl.DataFrame(
        rows,
        schema={"id": pl.String, "symbol": pl.String, "chain_id": pl.Int32, "contract_address": pl.String},
        orient="row",
    )
    return known.with_columns(metadata=pl.lit("{}"))


def moved(frame: pl.DataFrame) -> Moved:
    """What each moment changed of each asset, fees and gas included; in all digits."""
    with localcontext(prec=60):
        return _moved(frame)


def _moved(frame: pl.DataFrame) -> Moved:
    total: Moved = defaultdict(Decimal)
    for row in frame.iter_rows(named=True):
        note = json.loads(row["metadata"])
        for side, sign in (("from", -1), ("to", 1)):
            if row[f"{side}_asset_id"] and row["status"] == "confirmed":
                total[row["timestamp"], row[f"{side}_asset_id"]] += sign * row[f"{side}_amount"]
        total[row["timestamp"], "ETH"] -= Decimal(note.get("network_fee", 0)) + Decimal(note.get("l1_fee", 0))
    return {key: amount for key, amount in total.items() if amount}


@pytest.mark.parametrize("name", ["koinly", "rotki"])
def test_another_programs_layout_is_read_back_to_the_same_balances(tmp_path: Path, name: str) -> None:
    """Trades, fees, gas, failed rows, income and transfers: the same amounts at the same moments."""
    read = Read(tmp_path, {"paid": "outside", "nothing came back": "paid"})
    read.add("coinbase.csv", COINBASE_2024).add("ledgers.csv", KRAKEN_OLD)
    chain = MODERN + sent(1, ME, OTHER, "", "0", "1.5", "1", "0.000312", "1", "1", "", "", "Transfer")
    chain += sent(2, ME, ROUTER, "", "0", "0.4", "1", "0.00214", "1", "1", "Error(0)", "out of gas", "Swap Exact ETH")
    chain += sent(3, OTHER, ME, "", "2", "0", "1", "0.000275", "1", "1", "", "", "Transfer")
    chain += sent(4, ME, WETH, "", "0", "0.5", "", "0.001", "", "", "", "", "Deposit")
    chain += sent(5, ME, USDC, "", "0", "0", "", "0.0009", "", "", "", "", "Approve")
    read.add("export.csv", chain)
    first = read.frame()
    to = tmp_path / "out" / f"{name}.csv"
    to.parent.mkdir()
    written = export_as(name, first, assets(), to)
    assert written.rows == len(to.read_text().splitlines()) - 1
    again = Read(tmp_path / "out", {"paid": "outside"}).add(f"{name}.csv", to.read_text())
    assert moved(again.frame()) == moved(first)
    assert flows_of(again.frame()) == flows_of(first)


@pytest.mark.parametrize("name", ["koinly", "rotki"])
def test_every_digit_of_an_amount_is_read_back(tmp_path: Path, name: str) -> None:
    """One unit in the last place, and an amount of more digits than a double holds, are the same there and back."""
    rows = [
        "2024-01-01 10:00:00 UTC,,,12345678901234567.123456789012345678,ETH,,,,,,,",
        "2024-01-02 10:00:00 UTC,0.000000000000000001,ETH,98765432109876543.000000000000000001,USDC,,,,,,,",
        "2024-01-03 10:00:00 UTC,9007199254740993.000000000000000007,ETH,,,0.000000000000000003,ETH,,,,,",
    ]
    head = "Date,Sent Amount,Sent Currency,Received Amount,Received Currency,Fee Amount,Fee Currency,Net Worth Amount,Net Worth Currency,Label,Description,TxHash"
    first = Read(tmp_path).add("mine.csv", "\n".join([head, *rows])).frame()
    to = tmp_path / "out" / f"{name}.csv"
    to.parent.mkdir()
    export_as(name, first, assets(), to)
    again = Read(to.parent).add(to.name, to.read_text()).frame()
    assert moved(again) == moved(first)
    ether = [amount for (_, asset), amount in moved(again).items() if asset == "ETH"]
    assert [f"{one:f}" for one in ether] == [
        "12345678901234567.123456789012345678", "-0.000000000000000001", "-9007199254740993.000000000000000010"
    ]  # fmt: skip


def flows_of(frame: pl.DataFrame) -> list[tuple[object, ...]]:
    """What crosses the border of the portfolio."""
    external = frame.filter(pl.col("metadata").str.contains('"flow": "external"'))
    columns = ("timestamp", "from_asset_id", "from_amount", "to_asset_id", "to_amount")
    return sorted(external.select(columns).rows(), key=str)


def test_a_layout_that_is_none_is_refused(tmp_path: Path) -> None:
    """The names of the two are said."""
    with pytest.raises(UsageError, match="transactions are written as koinly or rotki"):
        export_as("excel", pl.DataFrame(schema=TABLES["transactions"].schema), assets(), tmp_path / "x.csv")
