"""No file is misread: what goes in is what its author wrote, or its line is refused. Told on thousands of small files.

Each file is sound market data in which one thing is written otherwise. The expected values come from Python's own
`Decimal` and `datetime`, never from the code under test.
"""

import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation, localcontext
from pathlib import Path

import polars as pl
import pytest

from ys_analytics.errors import ContractError
from ys_analytics.ingest import numbers
from ys_analytics.schemas import TABLES

from .reading import read

# How many of each are tried, of which so many in `make test` and all in `make test-servers`.
FILES = [120, pytest.param(2_000, marks=pytest.mark.servers)]
NOISY = [100, pytest.param(1_000, marks=pytest.mark.servers)]
COLUMNS = list(TABLES["market_data"].schema)
ASSET = "ab1d5c40-7b96-5788-96c7-5d6b88a4a1e8"
STEP = Decimal(1).scaleb(-18)


@dataclass
class Case:
    """A small file, and what it means.

    Attributes:
        rows: Cells as text, by column.
        truth: What each row means.
        separator: Between fields.
        newline: Between lines.
        before: What stands above the header.
        header: The names.
        mark: Bytes before everything.
        quoted: Whether each cell is quoted.
    """

    rows: list[dict[str, str]]
    truth: list[dict[str, object]]
    separator: str = ","
    newline: str = "\n"
    before: str = ""
    header: list[str] = field(default_factory=lambda: list(COLUMNS))
    mark: bytes = b""
    quoted: bool = False

    def write(self, path: Path) -> None:
        """Put it on disk."""
        lines = [self.header, *([row[name] for name in COLUMNS if name in row] for row in self.rows)]
        text = self.newline.join(self.separator.join(map(self._cell, line)) for line in lines) + self.newline
        path.write_bytes(self.mark + self.before.encode() + text.encode())

    def _cell(self, text: str) -> str:
        hostile = any(mark in text for mark in (self.separator, '"', "\n", "\r"))
        return f'"{text.replace(chr(34), chr(34) * 2)}"' if hostile or self.quoted else text


def sound(chance: random.Random) -> Case:
    """A file without a fault."""
    case = Case([], [])
    start = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=chance.randrange(10**7))
    for day in range(chance.randint(2, 5)):
        price = Decimal(chance.randrange(1, 10**9)).scaleb(-chance.randint(0, 12))
        when = start + timedelta(days=day)
        chain = chance.choice([0, 1, 10, 137, 42161])
        change = Decimal(chance.randrange(-(10**5), 10**5)).scaleb(-8)
        case.truth.append(
            {
                "timestamp": when, "asset_id": ASSET, "chain_id": chain, "price": price, "volume_24h": Decimal(1000),
                "market_cap": Decimal(0), "price_change_24h": change, "source": "desk",
            }
        )  # fmt: skip
        case.rows.append(
            {
                "timestamp": f"{when:%Y-%m-%dT%H:%M:%SZ}", "asset_id": ASSET, "chain_id": str(chain),
                "price": format(price, "f"), "volume_24h": "1000", "market_cap": "0",
                "price_change_24h": format(change, "f"), "source": "desk",
            }
        )  # fmt: skip
    return case


def rows_or_refusal(path: Path) -> tuple[pl.DataFrame | None, str]:
    """The rows of a file, or what its refusal says."""
    try:
        return read(path)[0], ""
    except ContractError as error:
        return None, str(error)


# What a change may come to: the same meaning, or a line that is refused.
SAME, REFUSED = "same", "refused"
Change = Callable[[Case, int, random.Random], str]


def cell(column: str, spelled: Callable[[str], str], outcome: str) -> Change:
    """A change of one cell."""

    def change(case: Case, row: int, _: random.Random) -> str:
        before = case.rows[row][column]
        case.rows[row][column] = spelled(before)
        return outcome

    return change


def every_time(spelled: Callable[[datetime], str]) -> Change:
    """All times of the file in another spelling of the same moments."""

    def change(case: Case, _: int, __: random.Random) -> str:
        for row, truth in zip(case.rows, case.truth, strict=True):
            when = truth["timestamp"]
            assert isinstance(when, datetime)
            row["timestamp"] = spelled(when)
        return SAME

    return change


def one_time(spelled: Callable[[datetime], str], outcome: str = REFUSED) -> Change:
    """One time in another spelling."""

    def change(case: Case, row: int, _: random.Random) -> str:
        when = case.truth[row]["timestamp"]
        assert isinstance(when, datetime)
        case.rows[row]["timestamp"] = spelled(when)
        return outcome

    return change


def shape(outcome: str, **changes: object) -> Change:
    """A change of the file's form."""

    def change(case: Case, _: int, __: random.Random) -> str:
        for name, value in changes.items():
            setattr(case, name, value)
        return outcome

    return change


def semicolons_and_a_comma(case: Case, row: int, _: random.Random) -> str:
    """A decimal comma in one cell of a file of semicolons."""
    case.separator = ";"
    case.rows[row]["price"] = case.rows[row]["price"].split(".")[0] + ",17"
    return REFUSED


def without_header(case: Case, _: int, __: random.Random) -> str:
    """The first row stands where the names belong."""
    case.header = [case.rows[0][name] for name in COLUMNS]
    return REFUSED


def longer(case: Case, row: int, _: random.Random) -> str:
    """A separator too many."""
    case.rows[row]["source"] = "desk"
    case.rows[row]["asset_id"] = case.rows[row]["asset_id"] + '"'
    return REFUSED


def banner(case: Case, _: int, __: random.Random) -> str:
    """Someone's name above the header."""
    case.before = "\nPrices\nUser,Jane Example\n"
    return REFUSED


def shuffled(case: Case, _: int, chance: random.Random) -> str:
    """Columns in another order."""
    order = chance.sample(COLUMNS, len(COLUMNS))
    case.header = order
    case.rows = [{name: row[at] for name, at in zip(COLUMNS, order, strict=True)} for row in case.rows]
    return SAME


def epoch(digits: int) -> Callable[[datetime], str]:
    """A moment as a count of seconds (10 digits), milliseconds (13), microseconds (16) or nanoseconds (19)."""
    return lambda when: str(int(when.timestamp())) + "0" * (digits - 10)


NUMBER_WORDS = ["None", "NaN", "nan", "null", "NULL", "-", "n/a", "inf", "Infinity", "1/2", "(5)", "5-", "--5", "#REF!"]
CHANGES: dict[str, Change] = {
    "blanks around": cell("price", lambda text: f"  {text} ", SAME),
    "plus": cell("price", lambda text: f"+{text}", SAME),
    "zeros before": cell("price", lambda text: f"000{text}", SAME),
    "exponent": cell("price", lambda text: f"{Decimal(text):e}", SAME),
    "per mille of zeros": cell("market_cap", lambda _: "0.000e5", SAME),
    "thousands": cell("price", lambda _: "57,343.17", REFUSED),
    "decimal comma": cell("price", lambda _: "57343,17", REFUSED),
    "both": cell("price", lambda _: "57.343,17", REFUSED),
    "points as thousands": cell("price", lambda _: "1.088.456.190", REFUSED),
    "apostrophe": cell("price", lambda _: "57'343", REFUSED),
    "blank inside": cell("price", lambda _: "57 343.17", REFUSED),
    "hard blank inside": cell("price", lambda _: "57\u202f343.17", REFUSED),
    "dollar": cell("price", lambda text: f"${text}", REFUSED),
    "unit": cell("price", lambda text: f"{text} USD", REFUSED),
    "hex": cell("price", lambda _: "0x10", REFUSED),
    "underscore": cell("price", lambda _: "1_000", REFUSED),
    "other digits": cell("price", lambda _: "\u0661\u0662", REFUSED),
    "wide digits": cell("price", lambda _: "\uff11\uff12", REFUSED),
    "per cent": cell("price_change_24h", lambda _: "2%", REFUSED),
    "minus sign": cell("price_change_24h", lambda _: "\u22122", REFUSED),
    "empty": cell("price", lambda _: "", REFUSED),
    "huge": cell("price", lambda _: "1e99999", REFUSED),
    "chain .0": cell("chain_id", lambda text: f"{text}.0", SAME),
    "chain blank": cell("chain_id", lambda text: f" {text} ", SAME),
    "chain half": cell("chain_id", lambda text: f"{text}.5", REFUSED),
    "chain hex": cell("chain_id", lambda _: "0x89", REFUSED),
    "chain thousands": cell("chain_id", lambda _: "42,161", REFUSED),
    "chain exponent": cell("chain_id", lambda _: "1.37E+2", REFUSED),
    "chain misspelt": cell("chain_id", lambda _: "polygn", REFUSED),
    "chain NaN": cell("chain_id", lambda _: "NaN", REFUSED),
    "chain negative": cell("chain_id", lambda _: "-1", REFUSED),
    "id in capitals": cell("asset_id", str.upper, REFUSED),
    "id with a blank": cell("asset_id", lambda text: f"{text} ", REFUSED),
    "seconds": every_time(epoch(10)),
    "milliseconds": every_time(epoch(13)),
    "microseconds": every_time(epoch(16)),
    "nanoseconds": every_time(epoch(19)),
    "seconds as float": every_time(lambda when: f"{when.timestamp():.1f}"),
    "milliseconds as float": every_time(lambda when: f"{int(when.timestamp())}000.0"),
    "offset": every_time(lambda when: f"{when:%Y-%m-%d %H:%M:%S}+00:00"),
    "UTC": every_time(lambda when: f"{when:%Y-%m-%d %H:%M:%S} UTC"),
    "nanoseconds written": every_time(lambda when: f"{when:%Y-%m-%dT%H:%M:%S}.000000000Z"),
    "other offset": one_time(lambda when: f"{when:%Y-%m-%dT%H:%M:%S}+02:00"),
    "no zone": one_time(lambda when: f"{when:%Y-%m-%dT%H:%M:%S}"),
    "day only": one_time(lambda when: f"{when:%Y-%m-%d}"),
    "day first": one_time(lambda when: f"{when:%d/%m/%Y %H:%M:%S}"),
    "points": one_time(lambda when: f"{when:%d.%m.%Y %H:%M}"),
    "two-digit year": one_time(lambda when: f"{when:%y-%m-%d %H:%M:%S}Z"),
    "compact": one_time(lambda when: f"{when:%Y%m%dT%H%M%SZ}"),
    "month by name": one_time(lambda when: f"{when:%d %b %Y %H:%M:%S} UTC"),
    "hour 24": one_time(lambda when: f"{when:%Y-%m-%d}T24:00:00Z"),
    "no such day": one_time(lambda _: "2025-02-29T00:00:00Z"),
    "spreadsheet day": one_time(lambda _: "45292.5"),
    "count in exponents": one_time(lambda _: "1.7356E+12"),
    "eleven digits": one_time(lambda when: f"{int(when.timestamp())}0"),
    "byte order mark": shape(SAME, mark=b"\xef\xbb\xbf"),
    "CRLF": shape(SAME, newline="\r\n"),
    "semicolons": shape(SAME, separator=";"),
    "tabs": shape(SAME, separator="\t"),
    "bars": shape(SAME, separator="|"),
    "all quoted": shape(SAME, quoted=True),
    "blank lines": shape(SAME, newline="\n\n"),
    "blanks in the header": shape(SAME, header=[f" {name} " for name in COLUMNS]),
    "sep=": shape(SAME, before="sep=;\n", separator=";"),
    "a column twice": shape(REFUSED, header=[*COLUMNS[:-1], "price"]),
    "a column without a name": shape(REFUSED, header=["", *COLUMNS[1:]]),
    "UTF-16": shape(REFUSED, mark=b"\xff\xfe"),
    "a quote inside": longer,
    "semicolons and a comma": semicolons_and_a_comma,
    "no header": without_header,
    "banner": banner,
    "another order": shuffled,
    **{f"word {word}": cell("price", lambda _, word=word: word, REFUSED) for word in NUMBER_WORDS},
    **{f"count word {word}": cell("chain_id", lambda _, word=word: word, REFUSED) for word in ("None", "", "-")},
}


@pytest.mark.parametrize("files", FILES)
def test_thousands_of_files_with_one_change_are_not_misread(tmp_path: Path, files: int) -> None:
    """The same meaning gives the same values; anything else is refused, and its line is named."""
    chance = random.Random(9)  # noqa: S311 - the same files every time
    kinds = list(CHANGES)
    seen: Counter[str] = Counter()
    for number in range(files):
        name = kinds[number % len(kinds)]
        case = sound(chance)
        row = chance.randrange(len(case.rows))
        outcome = CHANGES[name](case, row, chance)
        path = tmp_path / "prices.csv"
        case.write(path)
        rows, said = rows_or_refusal(path)
        assert (SAME if rows is not None else REFUSED) == outcome, f"{name}: {said or rows}"
        if rows is not None:
            assert rows.to_dicts() == case.truth, name
        else:
            lines = [int(found) for found in re.findall(r"line (\d+)", said)]
            assert row + 2 in lines if name in PLACED else lines, f"{name}: {said}"
            assert "Jane" not in said
        seen[outcome] += 1
    print(f"{files:,} files of {len(kinds)} kinds: {seen[SAME]:,} read as meant, {seen[REFUSED]:,} refused by line")  # noqa: T201 - its counts
    assert min(seen.values()) > files // 4


# The kinds whose fault is in one row.
PLACED = {
    name for name in CHANGES
    if name not in {"a column twice", "a column without a name", "UTF-16", "a quote inside", "no header", "banner"}
}  # fmt: skip


@pytest.mark.parametrize("noisy_files", NOISY)
def test_noise_in_a_number_never_gives_another_number(tmp_path: Path, noisy_files: int) -> None:
    """A random sign put into a number or over one of its own: refused, or what Python's Decimal reads."""
    chance = random.Random(16)  # noqa: S311 - the same files every time
    signs = "0123456789.,-+eE _'$%€()/x\u00a0\u0660\uff10\t"
    read_as_meant = refused = 0
    for _ in range(noisy_files):
        case = sound(chance)
        row = chance.randrange(len(case.rows))
        text = case.rows[row]["price"]
        place = chance.randrange(len(text) + 1)
        noisy = text[:place] + chance.choice(signs) + text[place + chance.choice([0, 0, 1]) :]
        case.rows[row]["price"] = noisy
        path = tmp_path / "prices.csv"
        case.write(path)
        rows, said = rows_or_refusal(path)
        if rows is None:
            assert f"line {row + 2}" in said
            refused += 1
        else:
            with localcontext(prec=80):
                assert rows["price"][row] == Decimal(noisy.strip()).quantize(STEP, ROUND_HALF_EVEN), noisy
            read_as_meant += 1
    print(f"{noisy_files:,} noisy prices: {read_as_meant:,} read as Decimal reads them, {refused:,} refused by line")  # noqa: T201 - its counts
    assert min(read_as_meant, refused) > noisy_files // 10


def test_a_per_cent_is_a_hundredth_however_it_is_spelled() -> None:
    """Moving the point agrees with dividing by a hundred, exponents and signs included."""
    chance = random.Random(4)  # noqa: S311 - the same numbers every time
    texts = [
        f"{chance.choice(['', '-', '+'])}{chance.randrange(10 ** chance.randint(1, 6))}"
        f"{chance.choice(['', '.', f'.{chance.randrange(10**6)}'])}{chance.choice(['', 'e-05', 'E3', 'e+2', 'e-10'])}"
        for _ in range(2_000)
    ]
    moved = numbers.per_cent(pl.Series(texts)).to_list()
    with localcontext(prec=80):
        assert [Decimal(one) for one in moved] == [Decimal(text) / 100 for text in texts]


@pytest.mark.parametrize("seed", range(5))
def test_text_and_parquet_say_the_same(tmp_path: Path, seed: int) -> None:
    """Floats, whole floats, categories and other scales in Parquet give the rows that their text gives in CSV."""
    chance = random.Random(seed)  # noqa: S311 - the same rows every time
    days = pl.Series([datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(50)])
    floats = [chance.random() * 10 ** chance.randint(-12, 8) for _ in range(50)]
    frame = pl.DataFrame(
        {
            "timestamp": days.cast(pl.Datetime("ns", "UTC")),
            "asset_id": pl.Series([ASSET] * 50, dtype=pl.Categorical()),
            "chain_id": pl.Series([chance.choice([1.0, 10.0, 137.0]) for _ in range(50)]),
            "price": pl.Series(floats, dtype=pl.Float64),
            "volume_24h": pl.Series(range(50), dtype=pl.Int16),
            "market_cap": pl.Series([Decimal("12345678901234567890.123456789")] * 50, dtype=pl.Decimal(38, 9)),
            "price_change_24h": pl.Series([one / 1e12 for one in floats], dtype=pl.Float64),
            "source": "desk",
        }
    )
    frame.write_parquet(tmp_path / "rows.parquet")
    text = frame.with_columns(
        pl.col("timestamp").dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
        *(pl.Series(name, [repr(one) for one in frame[name]]) for name in ("chain_id", "price", "price_change_24h")),
    )
    text.write_csv(tmp_path / "rows.csv")
    typed, said = read(tmp_path / "rows.parquet")
    written, also = read(tmp_path / "rows.csv")
    assert typed.equals(written)
    assert said == also
    with localcontext(prec=80):
        assert typed["price"].to_list() == [Decimal(repr(one)).quantize(STEP, ROUND_HALF_EVEN) for one in floats]
        finer = sum(Decimal(repr(one)).quantize(STEP, ROUND_HALF_EVEN) != Decimal(repr(one)) for one in floats)
    assert f"{finer} values of price rounded to 18 decimals" in said


def test_decimal_refuses_what_is_no_number() -> None:
    """What these tests compare with refuses what is no number."""
    with pytest.raises(InvalidOperation):
        Decimal("57,343.17")
