"""Files of every vendor with one fault each: refused, asked about, or read as if the fault were not there; never misread."""

# ruff: noqa: E501 - lines as vendors write them

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from ys_analytics.errors import YsError
from ys_analytics.ingest import detecting, pools, prices, raw_tables
from ys_analytics.ingest.assets import Asset, Assets
from ys_analytics.ingest.prices import ImportOptions
from ys_analytics.ingest.problems import Problems

from .test_vendor_ledgers import CASES as LEDGERS
from .test_vendor_ledgers import Read
from .test_vendor_pools import TRADE, known
from .test_vendor_prices import CASES as PRICES

NUMBER = "0123456789.-+eE€$"
Faulty = Callable[[random.Random, str], str]


def rows_of(name: str, text: str | bytes, options: ImportOptions) -> list[tuple[object, ...]]:
    """What a file becomes, before a store is asked; an error where it is refused or leaves a question open."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        [file] = raw_tables.open_file(path)
        table, _ = detecting.detect(file)
        if table.layout.kind == "ledger":
            read = Read(Path(folder), {"paid": "outside"})
            read.tables = [table]
            found = read.rows()
            read.answers.write_and_require()
            return found
        problems = Problems(table="t", grouped=True)
        if table.layout.kind == "swaps":
            rows, _ = pools.swaps(table, known(), options, problems)
        else:
            names = [("BTC", "bitcoin"), ("ETH", "ethereum"), ("USDC", "usd-coin")]
            assets = [
                Asset(id=one, symbol=one, chain=None, contract=None, decimals=18, vendor=vendor, name=one)
                for one, vendor in names
            ]
            rows, _ = prices.quotes(table, Assets(assets), options, problems, rates={})
        problems.raise_if_any(order=[name])
        repeated = rows.select("timestamp").is_duplicated().any() if table.layout.table == "market_data" else False
        if repeated:
            raise YsError("two rows of one key, which the import names")
        return rows.rows()


def files() -> list[tuple[str, str, ImportOptions]]:
    """A sound file of each vendor and year."""
    found = [
        (case.values[0], case.values[1], case.values[2]) for case in PRICES if str(case.values[0]).endswith(".csv")
    ]
    found += [(case.values[0], case.values[1], ImportOptions()) for case in LEDGERS]
    found.append(("trades.csv", ",".join(TRADE) + "\n" + ",".join(TRADE.values()) + "\n", ImportOptions()))
    return found  # type: ignore[return-value]


def _cell(chance: random.Random, text: str, change: Callable[[str], str], wanted: Callable[[str], bool]) -> str:
    """The text with one cell of its body changed; the text itself where it has no such cell."""
    separator = ";" if text.count(";") > text.count(",") else ","
    lines = text.split("\n")
    first = 1 if any(letter.isalpha() for letter in lines[0].replace("T", "")) else 0
    places = [
        (row, column)
        for row, line in enumerate(lines)
        if row >= first and line.count(separator) > 3
        for column, cell in enumerate(line.split(separator))
        if wanted(cell.strip('"')) and cell.count('"') in {0, 2}
    ]
    if not places:
        return text
    row, column = chance.choice(places)
    cells = lines[row].split(separator)
    bare = cells[column].strip('"')
    new = change(bare)
    quoted = cells[column].startswith('"') or separator in new
    cells[column] = f'"{new}"' if quoted else new
    lines[row] = separator.join(cells)
    return "\n".join(lines)


def _is_number(cell: str) -> bool:
    return (
        bool(cell) and cell[0] in NUMBER and all(one in NUMBER for one in cell) and any(one.isdigit() for one in cell)
    )


def _is_decimal(cell: str) -> bool:
    return _is_number(cell) and "." in cell and len(cell) < 30


def _is_time(cell: str) -> bool:
    return cell[:2] in {"20", "01", "02"} and (cell[4:5] == "-" or cell[2:3] == "/") and ":" in cell


def _is_epoch(cell: str) -> bool:
    return cell.isdigit() and len(cell) in {10, 13, 16} and cell[:2] in {"16", "17"}


def _in_cell(change: Callable[[str], str], wanted: Callable[[str], bool]) -> Faulty:
    return lambda chance, text: _cell(chance, text, change, wanted)


def _line(change: Callable[[list[str], int], list[str]]) -> Faulty:
    def fault(_: random.Random, text: str) -> str:
        lines = text.rstrip("\n").split("\n")
        return "\n".join(change(lines, len(lines) - 1)) + "\n"

    return fault


def _header(chance: random.Random, text: str) -> str:
    """One name of the header changed."""
    lines = text.split("\n")
    row = next(
        (
            at
            for at, one in enumerate(lines)
            if one.count(",") + one.count(";") > 3 and not one[:4].strip('"').isdigit()
        ),
        0,
    )
    words = [word for word in lines[row].replace(";", ",").replace('"', "").split(",") if len(word) > 3]
    if not words:
        return text
    word = chance.choice(words)
    lines[row] = lines[row].replace(word, word[:-1] + "xx", 1)
    return "\n".join(lines)


FAULTS: dict[str, Faulty] = {
    "decimal comma": _in_cell(lambda cell: cell.replace(".", ","), _is_decimal),
    "thousands by points": _in_cell(lambda _: "1.088.456.190", _is_decimal),
    "a letter among digits": _in_cell(lambda cell: cell[:-1] + "O", _is_number),
    "a blank inside": _in_cell(lambda cell: cell[:1] + " " + cell[1:], lambda cell: _is_number(cell) and len(cell) > 2),
    "not a number": _in_cell(lambda _: "NaN", _is_number),
    "infinity": _in_cell(lambda _: "inf", _is_number),
    "hexadecimal": _in_cell(lambda _: "0x1F", _is_number),
    "an underscore": _in_cell(lambda cell: cell[:1] + "_" + cell[1:], _is_number),
    "per cent": _in_cell(lambda cell: cell + "%", _is_number),
    "a currency that is none": _in_cell(lambda cell: "₿" + cell, _is_number),
    "two points": _in_cell(lambda cell: cell + ".5", _is_decimal),
    "digits of another alphabet": _in_cell(lambda cell: cell[:-1] + "٣", _is_number),
    "half an exponent": _in_cell(lambda cell: cell + "e", _is_decimal),
    "a sign twice": _in_cell(lambda cell: "--" + cell.lstrip("-"), _is_decimal),
    "a spreadsheet's error": _in_cell(lambda _: "#REF!", _is_number),
    "another zone": _in_cell(lambda cell: cell.removesuffix("Z").removesuffix(" UTC") + " +02:00", _is_time),
    "no such day": _in_cell(lambda cell: cell.replace("-0", "-3", 1).replace("/0", "/4", 1), _is_time),
    "an hour of 25": _in_cell(lambda cell: cell[:11] + "25" + cell[13:], _is_time),
    "a time in another unit": _in_cell(lambda cell: cell + "000", _is_epoch),
    "a time that is too short": _in_cell(lambda cell: cell[:-2], _is_epoch),
    "a field too many": _line(lambda lines, at: [*lines[:at], lines[at] + ",1", *lines[at + 1 :]]),
    "a field too few": _line(lambda lines, at: [*lines[:at], lines[at].rsplit(",", 1)[0].rsplit(";", 1)[0], *lines[at + 1 :]]),
    "a quote that is not closed": _line(lambda lines, at: [*lines[:at], lines[at].replace(",", ',"', 1).replace(";", ';"', 1), *lines[at + 1 :]]),
    "another header": _header,
    "the header twice": lambda _, text: text.replace("\n", "\n" + text.split("\n", 1)[0] + "\n", 1),
    "a NUL": _in_cell(lambda cell: cell[:1] + "\0" + cell[1:], _is_number),
    "an unknown asset": _in_cell(lambda _: "QQQQ", lambda cell: cell in {"ETH", "BTC", "USDC", "XXBT"}),
    "an unknown currency": _in_cell(lambda _: "QQQ", lambda cell: cell in {"EUR", "USD", "ZEUR", "2781"}),
    "an unknown kind": _in_cell(lambda _: "Wonder", lambda cell: cell in {"Buy", "Sell", "Send", "trade", "deposit", "Convert", "staking", "staked", "cost"}),
}  # fmt: skip


def run(count: int, seed: int) -> tuple[Counter[str], list[str]]:
    """How many files were refused, or read as their sound sibling; and which were misread."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    sound = [(name, text, options, rows_of(name, text, options)) for name, text, options in files()]
    said: Counter[str] = Counter()
    misread = []
    for _ in range(count):
        fault, (name, text, options, right) = chance.choice(list(FAULTS)), chance.choice(sound)
        while (changed := FAULTS[fault](chance, text)) == text:  # a file without such a cell
            fault, (name, text, options, right) = chance.choice(list(FAULTS)), chance.choice(sound)
        try:
            found = rows_of(name, changed, options)
        except YsError as error:
            said["refused"] += 1
            misread += [f"two lines: {error}"] if "\n" in str(error) else []
            continue
        if found == right:
            said["read as without the fault"] += 1
        else:
            misread.append(f"{name}: {fault}:\n{changed}")
    return said, misread


def test_no_file_with_one_fault_is_misread(record_property: Callable[[str, object], None]) -> None:
    """A hundred and fifty, on every run."""
    said, misread = run(150, seed=11)
    assert misread == []
    record_property("said", f"files with one fault each: {dict(said)}, 0 misread")


@pytest.mark.servers
def test_ten_thousand_files_with_one_fault_are_not_misread(record_property: Callable[[str, object], None]) -> None:
    """Ten thousand, on request."""
    said, misread = run(10_000, seed=23)
    assert misread == []
    record_property("said", f"files with one fault each: {dict(said)}, 0 misread")
