"""Whole numbers on a decimal grid, and the exact columns they become.

The economy counts quantities in units of 1e-10 and prices in units of 1e-8 US dollars, so a product of
the two has at most 18 decimals and fits money without a rounding. Knows no asset and no table.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]

from ys_analytics.schemas import MONEY

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

QUANTITY_SCALE = 10
PRICE_SCALE = 8

UNITS_PER_TOKEN = 10**QUANTITY_SCALE
UNITS_PER_DOLLAR = 10**PRICE_SCALE


def rounded_units(values: Floats, scale: int) -> Ints:
    """The nearest whole number of units of 10 to the minus `scale`."""
    return np.rint(values * 10.0**scale).astype(np.int64)


def floored_units(values: Floats, scale: int) -> Ints:
    """The whole number of units of 10 to the minus `scale` at or below; what is paid never exceeds what is had."""
    return np.floor(values * 10.0**scale).astype(np.int64)


def decimal_series(units: Ints, *, scale: int, dtype: pl.DataType = MONEY) -> pl.Series:
    """Units of 10 to the minus `scale` as an exact Decimal column.

    Args:
        units: Any shape; read in C order.
        scale: How many decimals a unit stands for.
        dtype: The Decimal the schema asks for; its scale is at least `scale`.

    >>> decimal_series(np.array([12345678901, -5]), scale=10).to_list()
    [Decimal('1.234567890100000000'), Decimal('-5.00000000E-10')]
    """
    flat = np.ascontiguousarray(units, dtype=np.int64).ravel()
    # A Decimal is a 128-bit little-endian integer: the 64-bit one, then its sign again.
    words = np.empty((flat.size, 2), dtype=np.int64)
    words[:, 0] = flat
    words[:, 1] = flat >> 63
    array = pa.Array.from_buffers(pa.decimal128(38, scale), flat.size, [None, pa.py_buffer(words)])
    return pl.Series(pl.from_arrow(array)).cast(dtype)


def rate_series(values: Floats, *, scale: int = 8, dtype: pl.DataType | None = None) -> pl.Series:
    """Fractions as a Decimal of their own scale; not a number is 0, for a store that admits no null.

    >>> rate_series(np.array([0.123456789, np.nan])).to_list()
    [Decimal('0.12345679'), Decimal('0E-8')]
    """
    finite = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    return decimal_series(rounded_units(finite, scale), scale=scale, dtype=dtype or pl.Decimal(18, scale))


def money_series(values: Floats, *, scale: int = 8) -> pl.Series:
    """US dollars or tokens as money, rounded to `scale` decimals."""
    return decimal_series(rounded_units(values, scale), scale=scale)


def frame_of_schema(columns: Mapping[str, object], schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Columns as a frame of exactly `schema`, in its order; a missing or surplus column is an error."""
    return pl.DataFrame(columns).match_to_schema(
        dict(schema), integer_cast="upcast", missing_columns="raise", extra_columns="raise"
    )
