"""Finds a portfolio by id, name, or part of a name.

Depends on ids and names. Does not read a store.
"""

from datetime import datetime
from typing import Self
from unicodedata import normalize
from uuid import UUID

import polars as pl

from ys_analytics.errors import UsageError
from ys_analytics.schemas import Week, unknown_name


class PortfolioRef(str):
    """A portfolio by its id; found once, where its name comes in, and handed on.

    Attributes:
        name: What its owner calls it; empty where that is not known.
        opened: When it was opened, UTC; None where that is not known.
    """

    __slots__ = ("name", "opened")
    name: str
    opened: datetime | None

    def __new__(cls, key: str, *, name: str = "", opened: datetime | None = None) -> Self:
        """The portfolio of that id."""
        matching = super().__new__(cls, key)
        matching.name, matching.opened = name, opened
        return matching

    def require_open(self, week: Week) -> Self:
        """The same portfolio, where it was open before the end of a week.

        Raises:
            UsageError: it was opened only later.
        """
        if self.opened is not None and self.opened >= week.end:
            raise UsageError(
                f"{self.name!r} was opened on {self.opened:%Y-%m-%d}, after {week} ended; name a later week"
            )
        return self


def find_portfolio(portfolios: pl.DataFrame, text: str) -> PortfolioRef:
    """The portfolio a person means: by id, by name, or by the only name that holds the words.

    Args:
        portfolios: Columns id and name, and created_at where that is known.
        text: An id, or a name in any case and in any spelling that Unicode calls the same, whole or in part.

    Raises:
        UsageError: nothing matches, or several do.

    >>> known = pl.DataFrame({"id": ["a", "b"], "name": ["Blue chip core", "Blue sky"]})
    >>> find_portfolio(known, "chip")
    'a'
    >>> find_portfolio(known, "blue")
    Traceback (most recent call last):
    ...
    ys_analytics.errors.UsageError: portfolio 'blue' could be Blue chip core or Blue sky; write more of the name
    """
    for exact in (_canonical_id(text.strip()), text):
        if exact in portfolios["id"]:
            return _reference(portfolios.filter(pl.col("id") == exact))
    with_name = portfolios.drop_nulls("name").sort("name", "id")
    names = pl.Series([_normalised(name) for name in with_name["name"]], dtype=pl.String)
    words = _normalised(text.strip())
    for condition in (with_name["name"] == text, names == words, names.str.contains(words, literal=True)):
        matching = with_name.filter(condition) if words else with_name.clear()
        if matching.height == 1:
            return _reference(matching)
        if matching.height > 1:
            raise UsageError(f"portfolio {text!r} could be {_alternatives_text(matching.head(3))}")
    raise unknown_name(text, with_name["name"], what="portfolio", listed="`ys load portfolios`")


def _reference(matching: pl.DataFrame) -> PortfolioRef:
    row = matching.row(0, named=True)
    return PortfolioRef(str(row["id"]), name=row["name"] or "", opened=row.get("created_at"))


def _alternatives_text(matching: pl.DataFrame) -> str:
    """What several portfolios are called, and how to mean one of them: by id where they are called the same."""
    if matching["name"].is_unique().all():
        return f"{' or '.join(matching['name'])}; write more of the name"
    return f"{' or '.join(f'{name} ({key})' for key, name in matching.select('id', 'name').iter_rows())}; write the id"


def _normalised(name: str) -> str:
    """A name without what tells spellings of it apart: case, and how accents are composed."""
    return normalize("NFC", normalize("NFC", name).casefold())


def _canonical_id(text: str) -> str:
    """The text as a canonical id where it is one."""
    try:
        return str(UUID(text))
    except ValueError:
        return text
