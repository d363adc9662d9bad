"""Read numbers of files exactly: decimals, whole numbers, per cent.

Depends on nothing but Polars and `decimal`. Does not know tables or stores.

No value passes through a binary float. Text, whole numbers and decimals are read digit by digit. A column that
is a float in the file (Parquet) has no other digits than its shortest decimal that gives the same float back;
that decimal is what is read. A separator of thousands, a decimal comma, a sign of currency or per cent, digits
of other alphabets, `0x10` and `1_000` are not numbers: which amount they mean is for the file's author to say.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

import polars as pl

from ys_analytics.ingest.parsed import Parsed, nulls, where_true

_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?$"
_WHOLE = r"^[+-]?[0-9]+(\.0*)?$"
_COMMA = r"^[+-]?[0-9][0-9., ]*,[0-9]+$|^[+-]?[0-9]+(\.[0-9]{3}){2,}$"

# Digits that a product of two amounts and a few sums cannot have.
_DIGITS = 100

# Digits before or after the point beyond which a number is no amount of this world.
_MAX_DIGITS = 400

# Whole numbers up to here are exact in a binary float of 64 bits; beyond, neighbours are one float.
_FLOAT_EXACT = 2**53


@contextmanager
def all_digits() -> Iterator[None]:
    """Sums and products of decimals with all their digits; Python's usual context rounds to 28. Also a decorator.

    >>> with all_digits():
    ...     print(Decimal("12345678901234567.123456789012345678") - Decimal("0.000000000000000001"))
    12345678901234567.123456789012345677
    """
    with localcontext(prec=_DIGITS):
        yield


def as_text(raw: pl.Series) -> pl.Series:
    """A column of any type as text, blanks around it gone: decimals with all digits, floats in their shortest form."""
    return raw.cast(pl.String, strict=False).str.strip_chars()


def decimals(raw: pl.Series, *, precision: int, scale: int, dtype: pl.DataType, exact: bool) -> Parsed:
    """Decimals of a given precision and scale.

    Args:
        raw: Text, decimals, whole numbers or floats.
        precision: Digits the store keeps in all.
        scale: Digits it keeps after the point.
        dtype: The Polars type of the result; at least as wide.
        exact: Whether more decimals than `scale` are a fault; else they are rounded half to even and counted.

    >>> read = decimals(pl.Series(["5.3e-05", "1,5"]), precision=18, scale=8, dtype=pl.Decimal(18, 8), exact=True)
    >>> read.values.to_list(), [(mask.to_list(), said) for mask, said in read.wrong if mask.any()]
    ([Decimal('0.00005300'), None], [([False, True], 'is not a number: write a point, and no thousands separators')])
    """
    if (simple := _simple_decimals(raw, precision=precision, scale=scale, dtype=dtype)) is not None:
        return simple
    text = as_text(raw)
    number = text.str.contains(_NUMBER)
    digits = written_out(where_true(text, number))
    is_finer = _decimals_of(digits) > scale
    rounded_digits = digits if exact else _rounded(digits, is_finer, scale)
    is_large = rounded_digits.str.extract(r"^[+-]?0*([0-9]*)", 1).str.len_chars() > precision - scale
    fits = number & ~is_large & ~is_finer if exact else number & ~is_large
    no_number = raw.is_not_null() & ~number.fill_null(value=False)
    has_separators = text.str.contains(_COMMA).fill_null(value=False)
    parsed = Parsed(
        where_true(rounded_digits, fits).cast(dtype, strict=False),
        [
            (no_number & ~has_separators, "is not a number"),
            (no_number & has_separators, "is not a number: write a point, and no thousands separators"),
            (is_large, f"has more than {precision - scale} digits before the point"),
        ],
    )
    if exact:
        parsed.wrong.append((is_finer, f"has more than {scale} decimals"))
    elif rounded := int((is_finer & fits).sum()):
        parsed.remarks.append((f"rounded to {scale} decimals", rounded))
    return parsed


def _simple_decimals(raw: pl.Series, *, precision: int, scale: int, dtype: pl.DataType) -> Parsed | None:
    """A column of plain digits and points within the precision, cast at once; None for any other column."""
    if raw.dtype == dtype == pl.Decimal(38, 18) and (precision, scale) == (38, 18):
        return Parsed(raw)  # read as such, with all its digits
    if raw.dtype != pl.String or raw.null_count():
        return None
    simple = rf"^[0-9]{{1,{precision - scale}}}(\.[0-9]{{1,{scale}}})?$" if scale else rf"^[0-9]{{1,{precision}}}$"
    return Parsed(raw.cast(dtype)) if raw.str.contains(simple).all() else None


def whole_numbers(raw: pl.Series, *, dtype: pl.DataType, type_name: str) -> Parsed:
    """Whole numbers in the range of a type; `137.0`, as a table with gaps is often written, is 137.

    Args:
        raw: Text, decimals, whole numbers or floats.
        dtype: A Polars integer type.
        type_name: What to call the type in a message.

    >>> whole_numbers(pl.Series(["137.0", "1.5"]), dtype=pl.UInt32(), type_name="UInt32").values.to_list()
    [137, None]
    """
    text = written_out(as_text(raw)) if raw.dtype.is_float() else as_text(raw)
    is_whole = text.str.contains(_WHOLE).fill_null(value=False)
    number = where_true(text, is_whole).str.replace(r"\.0*$", "").cast(pl.Int128, strict=False)
    is_inexact = (number.abs() > _FLOAT_EXACT) if raw.dtype.is_float() else nulls(is_whole)
    values = number.cast(dtype, strict=False)
    return Parsed(
        where_true(values, ~is_inexact.fill_null(value=False)),
        [
            (raw.is_not_null() & ~is_whole, "is not a whole number"),
            (is_whole & values.is_null(), f"is outside the range of {type_name}"),
            (is_inexact, "is a float too large to be exact: write whole numbers"),
        ],
    )


def per_cent(raw: pl.Series) -> pl.Series:
    """Percentages as fractions, as text, by moving the point; what is no number stays as written.

    >>> per_cent(pl.Series(["-1.25", "5.3e-05", "2%", None])).to_list()
    ['-0.0125', '0.00000053', '2%', None]
    """
    text = as_text(raw)
    plain = written_out(where_true(text, text.str.contains(_NUMBER)))
    sign = plain.str.extract("^([+-]?)", 1)
    before = plain.str.extract(r"^[+-]?([0-9]*)", 1).str.zfill(3)
    after = plain.str.extract(r"\.([0-9]*)$", 1).fill_null("")
    # "0.5" becomes "000.5", and the point moves two to the left: "0.005".
    moved = sign + before.str.slice(0, before.str.len_chars() - 2) + "." + before.str.tail(2) + after
    return moved.zip_with(plain.is_not_null(), text).alias(raw.name)


def written_out(text: pl.Series) -> pl.Series:
    """Numbers with an exponent as all their digits; other texts as they are.

    >>> written_out(pl.Series(["1.5e-7", "12"])).to_list()
    ['0.00000015', '12']
    """
    has_exponent = (text.str.contains("[eE]") & text.str.contains(_NUMBER)).fill_null(value=False)
    if not has_exponent.any():
        return text
    return text.scatter(has_exponent.arg_true(), [_digits(number) for number in text.filter(has_exponent)])


def _digits(text: str) -> str:
    number = Decimal(text)
    if number.is_zero():
        return "0"
    if number.adjusted() > _MAX_DIGITS:
        return "9" * _MAX_DIGITS
    return f"0.{'0' * _MAX_DIGITS}1" if number.adjusted() < -_MAX_DIGITS else format(number, "f")


def _decimals_of(plain: pl.Series) -> pl.Series:
    """How many decimals each number has, zeros at the end left out."""
    return plain.str.extract(r"\.([0-9]*?)0*$", 1).str.len_chars().fill_null(0)


def _rounded(plain: pl.Series, finer: pl.Series, scale: int) -> pl.Series:
    """The numbers that are finer than the scale, rounded half to even."""
    places = finer.fill_null(value=False).arg_true()
    if not places.len():
        return plain
    step = Decimal(1).scaleb(-scale)
    with localcontext() as context:
        context.prec = int(plain.str.len_chars().max() or 0) + scale + 1  # type: ignore[arg-type]
        rounded = [format(Decimal(number).quantize(step, ROUND_HALF_EVEN), "f") for number in plain.gather(places)]
    return plain.scatter(places, rounded)
