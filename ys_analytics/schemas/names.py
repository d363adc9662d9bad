"""Errors for names that are misspelt or no text, with the nearest names."""

from collections.abc import Iterable
from difflib import get_close_matches

from ys_analytics.errors import UsageError

# The letters from which on the beginning of a name says which is meant.
_BEGINNING = 3


def unknown_name(name: str, known: Iterable[str], *, what: str, listed: str) -> UsageError:
    """The error for a name that names nothing, with the names nearest to it.

    Args:
        name: What was written.
        known: The names there are.
        what: Of what kind it should be.
        listed: The command that lists them, or where they are.

    >>> print(unknown_name("transaktions", ["assets", "transactions"], what="table", listed="`ys catalog`"))
    no table is called 'transaktions'; did you mean transactions?
    >>> print(unknown_name("x", ["assets"], what="table", listed="`ys catalog`"))
    no table is called 'x'; `ys catalog` lists them
    >>> print(unknown_name("vol", ["beta", "volatility"], what="metric", listed="`ys metrics`"))
    no metric is called 'vol'; did you mean volatility?
    """
    by_lower = {name_.lower(): name_ for name_ in known}
    written = name.strip().lower()
    begun = [name_ for name_ in by_lower if name_.startswith(written)] if len(written) >= _BEGINNING else []
    nearest = [by_lower[name_] for name_ in get_close_matches(written, by_lower, n=3) or begun[:3]]
    advice = f"did you mean {' or '.join(nearest)}?" if nearest else f"{listed} lists them"
    return UsageError(f"no {what} is called {name!r}; {advice}")


def text(value: object, *, what: str, example: str) -> str:
    """The value where it is text, as every name and week is.

    Papermill makes numbers, booleans and nothing of what is written after `-p`; after `-r` it leaves text alone.

    Raises:
        UsageError: it is something else.

    >>> text(2026, what="portfolio_id", example="'Alder Reserve'")
    Traceback (most recent call last):
    ...
    ys_analytics.errors.UsageError: portfolio_id 2026 is of type int, not text; write it as text, such as \
'Alder Reserve' (with papermill, -r instead of -p)
    """
    if isinstance(value, str):
        return value
    raise UsageError(
        f"{what} {value!r} is of type {type(value).__name__}, not text; write it as text, such as {example}"
        " (with papermill, -r instead of -p)"
    )
