"""A portfolio by what a person calls it: an id, a name, or a part of a name.

Knows ids and names; reads no store.
"""

from datetime import datetime
from typing import Self
from unicodedata import normalize
from uuid import UUID

import polars as pl

from ys_analytics.errors import UsageError
from ys_analytics.schemas import Week, misnamed


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
        found = super().__new__(cls, key)
        found.name, found.opened = name, opened
        return found

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


def find_portfolio(portfolios: pl.DataFrame, wanted: str) -> PortfolioRef:
    """The portfolio a person means: by id, by name, or by the only name that holds the words.

    Args:
        portfolios: Columns id and name, and created_at where that is known.
        wanted: An id, or a name in any case and in any spelling that Unicode calls the same, whole or in part.

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
    for exact in (_id(wanted.strip()), wanted):
        if exact in portfolios["id"]:
            return _ref(portfolios.filter(pl.col("id") == exact))
    named = portfolios.drop_nulls("name").sort("name", "id")
    names = pl.Series([_folded(name) for name in named["name"]], dtype=pl.String)
    words = _folded(wanted.strip())
    for meant in (named["name"] == wanted, names == words, names.str.contains(words, literal=True)):
        found = named.filter(meant) if words else named.clear()
        if found.height == 1:
            return _ref(found)
        if found.height > 1:
            raise UsageError(f"portfolio {wanted!r} could be {_listed(found.head(3))}")
    raise misnamed(wanted, named["name"], what="portfolio", listed="`ys load portfolios`")


def _ref(found: pl.DataFrame) -> PortfolioRef:
    row = found.row(0, named=True)
    return PortfolioRef(str(row["id"]), name=row["name"] or "", opened=row.get("created_at"))


def _listed(found: pl.DataFrame) -> str:
    """What several portfolios are called, and how to mean one of them: by id where they are called the same."""
    if found["name"].is_unique().all():
        return f"{' or '.join(found['name'])}; write more of the name"
    return f"{' or '.join(f'{name} ({key})' for key, name in found.select('id', 'name').iter_rows())}; write the id"


def _folded(name: str) -> str:
    """A name without what tells spellings of it apart: case, and how accents are composed."""
    return normalize("NFC", normalize("NFC", name).casefold())


def _id(text: str) -> str:
    """The text as a canonical id where it is one."""
    try:
        return str(UUID(text))
    except ValueError:
        return text
