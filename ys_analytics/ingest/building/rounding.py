"""Decimals as the tables of a built portfolio keep them.

Depends on nothing; knows no table.
"""

from decimal import Decimal, localcontext

# Of a share or rate, of a position's share, and of an amount.
RATE_STEP, WEIGHT_STEP, AMOUNT_STEP = Decimal(1).scaleb(-8), Decimal(1).scaleb(-4), Decimal(1).scaleb(-18)
# Digits of intermediate results, so that only the last step rounds.
DIGITS = 60
# The largest rate that Decimal(18, 8) holds.
_LARGEST_RATE = 9e9


def exact_value(amount: Decimal, price: Decimal) -> Decimal:
    """An amount at a price in USD, to 18 decimals."""
    with localcontext(prec=DIGITS):
        return (amount * price).quantize(AMOUNT_STEP)


def rate(value: float) -> Decimal:
    """A fraction to 8 decimals, within what the column holds."""
    return Decimal(repr(max(min(value, _LARGEST_RATE), -_LARGEST_RATE))).quantize(RATE_STEP)


def dollars(value: float) -> Decimal:
    """An amount in USD to 18 decimals."""
    return Decimal(repr(value)).quantize(AMOUNT_STEP)
