"""From what a person calls a portfolio to its id.

Knows ids and names; reads no store.
"""

from uuid import UUID

import polars as pl

from ys_analytics.errors import UsageError
from ys_analytics.schemas import misnamed


def find_portfolio(portfolios: pl.DataFrame, wanted: str) -> str:
    """The id of the portfolio a person means: by id, by name, or by the only name that holds the words.

    Args:
        portfolios: Columns id and name.
        wanted: An id, or a name in any case, whole or in part.

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
    for exact in (_id(wanted), wanted):
        if exact in portfolios["id"]:
            return exact
    names = pl.col("name").str.to_lowercase()
    words = wanted.strip().lower()
    for condition in (pl.col("name") == wanted, names == words, names.str.contains(words, literal=True)):
        found = portfolios.filter(condition) if words else portfolios.clear()
        if found.height == 1:
            return str(found["id"][0])
        if found.height > 1:
            listed = " or ".join(found["name"].sort()[:3])
            raise UsageError(f"portfolio {wanted!r} could be {listed}; write more of the name")
    raise misnamed(wanted, portfolios["name"], what="portfolio", listed="`ys load portfolios`")


def _id(text: str) -> str:
    """The text as a canonical id where it is one."""
    try:
        return str(UUID(text))
    except ValueError:
        return text
