"""Layouts of vendors' files as data: one TOML file each in `layouts/`, read into a `Layout`.

Depends on nothing but `tomllib`. Does not read a vendor's file, and knows no store.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal

from ys_analytics.errors import UsageError
from ys_analytics.schemas.names import unknown_name

FOLDER = Path(__file__).resolve().parent / "layouts"

Kind = Literal["quotes", "candles", "yields", "swaps", "ledger", "chain"]
KINDS: Mapping[str, str] = {
    "quotes": "prices",
    "candles": "prices",
    "yields": "pools",
    "swaps": "on chain",
    "chain": "on chain",
    "ledger": "portfolios",
}
TABLES: Mapping[str, str] = {
    "quotes": "market_data",
    "candles": "market_data",
    "yields": "yield_metrics",
    "swaps": "dex_trades",
    "ledger": "transactions",
    "chain": "transactions",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One amount of a row that moves an asset.

    Attributes:
        amount: The field with the amount.
        asset: The field with the asset's symbol; `a|b` is the first of the two that is filled.
        contract: The field with its contract; empty where the file has none.
        sign: `+` came in, `-` went out (both are written without a sign), `signed` as written, `kind` as the row's
            kind says, `against` the other way.
        role: `leg`, `fee` or `gas`.
        kinds: The kinds of rows that have it; all when empty.
        account: The field that names the account it moved at; empty where the file is of one account.
        refund: Whether a fee below zero is one that came back.
    """

    amount: str
    asset: str
    contract: str = ""
    sign: str = "signed"
    role: str = "leg"
    kinds: tuple[str, ...] = ()
    account: str = ""
    refund: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The layout of one kind of file of one vendor.

    Attributes:
        name: The name of its TOML file.
        title: What it is, for a person.
        kind: Which of `KINDS`; says what the rows become.
        vendor: The vendor's name; the `source` of prices.
        source: Where the vendor documents the layout.
        seen: The day on which the source was read.
        formats: Of csv, json and parquet.
        separators: Field separators that a CSV file may have.
        file: Pattern of the file's name, whose groups (asset, quote, pair, interval, minutes) say what the file does
            not.
        quote: Currency of the prices where the layout has one; empty where file or user say it.
        notes: Further notes for a reader.
        fields: Our name of each field and the column names it may have; `re:` begins a pattern.
        optional: Fields that a file may lack.
        ignored: Names of other columns that a file may have.
        requires: Columns of which one must be there, `|` between names, where `ignored` takes everything.
        in_header: Fields that stand in the name of another one's column (`field`), and the `pattern` that finds them.
        footer: Pattern of the first cell of a line that is no row and of another length.
        headless: Columns in order, where the file has no header.
        json: `rows` (paths of the list), `arrays` (columns of rows that are lists) or `parallel` lists.
        time: `format` (epoch, iso or strptime patterns), `zone`, `marks` (open or close), `checked_by` (a field
            that states the same moment).
        units: percent or fraction by field; `raw` for whole units of a token.
        unknown: By field, what is written for "not known".
        absent: By field, what is written in a row that holds nothing.
        quotes: The vendor's ids of currencies.
        aliases: The vendor's names of assets and ours.
        number: `thousands` and `marks` (signs of currency) that amounts may have.
        legs: The amounts of a row of a ledger.
        kinds: The vendor's kinds of rows, and ours.
        options: Further settings of the kind.
    """

    name: str
    title: str
    kind: Kind
    vendor: str
    source: str
    seen: date
    formats: tuple[str, ...]
    separators: tuple[str, ...] = (",",)
    file: str = ""
    quote: str = ""
    notes: str = ""
    fields: Mapping[str, tuple[str, ...]]
    optional: frozenset[str] = frozenset()
    ignored: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    in_header: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    footer: str = ""
    headless: tuple[str, ...] = ()
    json: Mapping[str, Any] = field(default_factory=dict)
    time: Mapping[str, Any] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    unknown: Mapping[str, Sequence[str]] = field(default_factory=dict)
    absent: Mapping[str, Sequence[str]] = field(default_factory=dict)
    quotes: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    number: Mapping[str, Any] = field(default_factory=dict)
    legs: tuple[Leg, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def table(self) -> str:
        """The table its rows go to."""
        return TABLES[self.kind]

    def columns(self, present: Sequence[str]) -> dict[str, str] | str:
        """The column of each field, or why these columns are not this layout's.

        Args:
            present: The names of a file's columns.

        Returns:
            Our names and the file's; or one sentence that begins with `lacks` or `has`.

        >>> layout("coingecko-site").columns(["snapped_at", "price", "market_cap", "total_volume"])["volume"]
        'total_volume'
        >>> layout("coingecko-site").columns(["snapped_at", "price"])
        'lacks market_cap, total_volume'
        """
        columns: dict[str, str] = {}
        missing = []
        for name, choices in self.fields.items():
            column = _first_match(choices, present)
            if column is not None:
                columns[name] = column
            elif name not in self.optional:
                missing.append(choices[0])
        missing += [
            name
            for name, rule in self.in_header.items()
            if name not in columns and not re.match(rule["pattern"], columns.get(rule["field"], ""))
        ]
        missing += [pattern for pattern in self.requires if not set(pattern.split("|")) & set(present)]
        if missing:
            return f"lacks {', '.join(missing)}"
        unknown = [
            name
            for name in present
            if name and name not in columns.values() and not any(_matches(pattern, name) for pattern in self.ignored)
        ]
        return f"has the unknown column {', '.join(unknown)}" if unknown else columns


def _first_match(choices: Iterable[str], present: Sequence[str]) -> str | None:
    return next((name for choice in choices for name in present if _matches(choice, name)), None)


def _matches(choice: str, name: str) -> bool:
    return re.fullmatch(choice[3:], name) is not None if choice.startswith("re:") else choice == name


@cache
def layouts(folder: Path = FOLDER) -> Mapping[str, Layout]:
    """Every layout of a folder by name, in order of name.

    Raises:
        UsageError: a file is no TOML, or not a layout.

    >>> sorted(one.kind for one in layouts().values())[0]
    'candles'
    """
    return {path.stem: _read(path) for path in sorted(folder.glob("*.toml"))}


def layout(name: str) -> Layout:
    """One layout by name.

    Raises:
        UsageError: there is none of that name.
    """
    known = layouts()
    if name not in known:
        raise unknown_name(name, known, what="layout", listed="`ys import --help`")
    return known[name]


def listed() -> list[tuple[str, str, str]]:
    """Name, what it becomes and title of every layout, for the help of `ys import`."""
    return [(layout_.name, KINDS[layout_.kind], layout_.title) for layout_ in layouts().values()]


def _read(path: Path) -> Layout:
    try:
        parsed = tomllib.loads(path.read_text(encoding="utf-8"))
        stated = parsed.pop("fields")
        fields = {name: tuple(value) for name, value in stated.items() if name not in _FIELD_OPTIONS}
        return Layout(
            name=path.stem,
            formats=tuple(parsed.pop("format").split()),
            fields=fields,
            optional=frozenset(stated.get("optional", ())),
            ignored=tuple(stated.get("ignored", ())),
            requires=tuple(stated.get("requires", ())),
            headless=tuple(parsed.pop("headless", {}).get("columns", ())),
            legs=tuple(Leg(**leg) for leg in parsed.pop("legs", ())),
            separators=tuple(parsed.pop("separators", (",",))),
            **parsed,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{path.name}: is no layout: {' '.join(str(error).split())}") from error


_FIELD_OPTIONS = ("optional", "ignored", "requires")
