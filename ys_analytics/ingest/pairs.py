"""Parse names of markets and lengths of candles as exchanges write them: `BTCUSDT`, `XBT/EUR`, `1h`.

Depends on nothing. Does not guess: a name that can be split in two ways is split in none.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta

# Currencies in which exchanges quote.
QUOTES = (
    "USDT", "USDC", "FDUSD", "TUSD", "BUSD", "USDP", "USDS", "DAI", "PAX", "USD", "EUR", "GBP", "CHF", "JPY", "CAD",
    "AUD", "TRY", "BRL", "ARS", "MXN", "PLN", "UAH", "ZAR", "RUB", "NGN", "RON", "CZK", "COP", "IDRT", "BIDR", "BTC",
    "XBT", "ETH", "BNB", "TRX", "XRP", "DOGE", "VAI", "AEUR", "EURI",
)  # fmt: skip
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_WORDS = {"d": "1d", "minute": "1m", "daily": "1d", "hourly": "1h", "1hr": "1h"}


def split(
    pair: str, *, quotes: Sequence[str] = QUOTES, aliases: Mapping[str, str] | None = None
) -> list[tuple[str, str]]:
    """Every reading of a market's name as asset and quote currency.

    Args:
        pair: Such as `BTCUSDT`, `BTC-USD` or `BTC/USDT`.
        quotes: The currencies it may be quoted in.
        aliases: The exchange's names of assets and ours.

    >>> split("BTC/USDT"), split("ARBUSD"), split("XBTEUR", aliases={"XBT": "BTC"})
    ([('BTC', 'USDT')], [('AR', 'BUSD'), ('ARB', 'USD')], [('BTC', 'EUR')])
    """
    our_names = aliases or {}
    if (separated := re.fullmatch(r"([A-Za-z0-9.]+)[-/_]([A-Za-z0-9.]+)", pair)) is not None:
        readings = [(separated[1].upper(), separated[2].upper())]
    else:
        name = pair.upper()
        quotes_at_end = sorted(
            (currency for currency in quotes if name.endswith(currency) and name != currency), key=len, reverse=True
        )
        readings = [(name.removesuffix(currency), currency) for currency in quotes_at_end]
    return [(our_names.get(asset, asset), our_names.get(quote, quote)) for asset, quote in readings]


def length(interval: str) -> timedelta | None:
    """The length of a candle; None for a month, and for a text that is no interval.

    >>> length("4h"), length("d"), length("1mo")
    (datetime.timedelta(seconds=14400), datetime.timedelta(days=1), None)
    """
    match_ = re.fullmatch(r"(\d+)([smhdw])", _WORDS.get(interval, interval))
    return timedelta(seconds=int(match_[1]) * _UNITS[match_[2]]) if match_ else None
