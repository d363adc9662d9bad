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
from ys_analytics.schemas.names import misnamed

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
    """How one vendor writes one kind of file.

    Attributes:
        name: The name of its TOML file.
        title: What it is, for a person.
        kind: Which of `KINDS`; says what the rows become.
        vendor: Who writes it; the `source` of prices.
        source: Where the vendor says so.
        seen: The day on which that was looked at.
        formats: Of csv, json and parquet.
        separators: What may stand between the fields of a CSV file.
        file: Pattern of the file's name, whose groups (asset, quote, pair, interval, minutes) say what the file does
            not.
        quote: Currency of the prices where the layout has one; empty where file or user say it.
        notes: What else a reader must know.
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
        kinds: What the vendor calls a row, and what it is.
        options: What else the kind needs.
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

    def columns(self, found: Sequence[str]) -> dict[str, str] | str:
        """The column of each field, or why these columns are not this layout's.

        Args:
            found: The names of a file's columns.

        Returns:
            Our names and the file's; or one sentence that begins with `lacks` or `has`.

        >>> layout("coingecko-site").columns(["snapped_at", "price", "market_cap", "total_volume"])["volume"]
        'total_volume'
        >>> layout("coingecko-site").columns(["snapped_at", "price"])
        'lacks market_cap, total_volume'
        """
        taken: dict[str, str] = {}
        lacking = []
        for name, choices in self.fields.items():
            column = _first(choices, found)
            if column is not None:
                taken[name] = column
            elif name not in self.optional:
                lacking.append(choices[0])
        lacking += [
            name
            for name, rule in self.in_header.items()
            if name not in taken and not re.match(rule["pattern"], taken.get(rule["field"], ""))
        ]
        lacking += [one for one in self.requires if not set(one.split("|")) & set(found)]
        if lacking:
            return f"lacks {', '.join(lacking)}"
        more = [
            name
            for name in found
            if name and name not in taken.values() and not any(_matches(one, name) for one in self.ignored)
        ]
        return f"has the unknown column {', '.join(more)}" if more else taken


def _first(choices: Iterable[str], found: Sequence[str]) -> str | None:
    return next((name for choice in choices for name in found if _matches(choice, name)), None)


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
        raise misnamed(name, known, what="layout", listed="`ys import --help`")
    return known[name]


def listed() -> list[tuple[str, str, str]]:
    """Name, what it becomes and title of every layout, for the help of `ys import`."""
    return [(one.name, KINDS[one.kind], one.title) for one in layouts().values()]


def _read(path: Path) -> Layout:
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
        stated = said.pop("fields")
        fields = {name: tuple(value) for name, value in stated.items() if name not in _OF_FIELDS}
        return Layout(
            name=path.stem,
            formats=tuple(said.pop("format").split()),
            fields=fields,
            optional=frozenset(stated.get("optional", ())),
            ignored=tuple(stated.get("ignored", ())),
            requires=tuple(stated.get("requires", ())),
            headless=tuple(said.pop("headless", {}).get("columns", ())),
            legs=tuple(Leg(**one) for one in said.pop("legs", ())),
            separators=tuple(said.pop("separators", (",",))),
            **said,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{path.name}: is no layout: {' '.join(str(error).split())}") from error


_OF_FIELDS = ("optional", "ignored", "requires")
