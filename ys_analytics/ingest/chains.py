"""Read chain numbers as files write them (`137`, `137.0`, ` 137 ` or `polygon`), each exactly or not at all.

Depends on `numbers` and the one table of chains. Does not know which assets are on a chain.
"""

from difflib import get_close_matches

import polars as pl

from ys_analytics.ingest import numbers
from ys_analytics.ingest.parsed import Parsed, where_true
from ys_analytics.schemas import CHAIN_NUMBERS, CHAINS, chain_words

_NUMERIC = r"^[+-]?[0-9.]*$"
_MOST_NAMES = 10


def chains(raw: pl.Series, *, dtype: pl.DataType, type_name: str) -> Parsed:
    """Read chains by number or by name; that a name was read as a number is a remark.

    Args:
        raw: As the file has it.
        dtype: A Polars integer type.
        type_name: What to call the type in a message.

    >>> read = chains(pl.Series(["137.0", "Polygon", "poligon"]), dtype=pl.UInt32(), type_name="UInt32")
    >>> read.values.to_list(), read.wrong[-1][1], read.remarks
    ([137, 137, None], 'is no chain: did you mean Polygon, 137?', [("'Polygon' read as 137", 1)])
    """
    if raw.dtype != pl.String:
        return numbers.whole_numbers(raw, dtype=dtype, type_name=type_name)
    text = raw.str.strip_chars()
    is_name = ~text.str.contains(_NUMERIC)
    parsed = numbers.whole_numbers(where_true(text, ~is_name), dtype=dtype, type_name=type_name)
    names = where_true(text, is_name)
    counts = names.drop_nulls().value_counts(sort=True, name="rows")
    numbers_by_name = {name: CHAIN_NUMBERS.get(chain_words(name)) for name in counts[raw.name].to_list()}
    values = names.replace_strict(numbers_by_name, default=None, return_dtype=pl.Int64).cast(dtype)
    parsed.values = values.zip_with(is_name.fill_null(value=False), parsed.values)
    parsed.remarks += [
        (f"'{name}' read as {numbers_by_name[name]}", rows)
        for name, rows in counts.iter_rows()
        if numbers_by_name[name] is not None
    ]
    unknown = [name for name, number in numbers_by_name.items() if number is None]
    parsed.wrong += [(names == name, _no_chain(name)) for name in unknown[:_MOST_NAMES]]
    if rest := unknown[_MOST_NAMES:]:
        parsed.wrong.append((names.is_in(rest), "is no chain: write its number"))
    return parsed


def _no_chain(name: str) -> str:
    nearest = get_close_matches(chain_words(name), CHAIN_NUMBERS, n=1)
    if not nearest:
        return "is no chain: write its number, such as 1 for Ethereum"
    number = CHAIN_NUMBERS[nearest[0]]
    return f"is no chain: did you mean {CHAINS[number]}, {number}?"
