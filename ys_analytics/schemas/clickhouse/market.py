"""Prices and trades of the market.

Depends on the columns of this package; holds no SQL.
"""

import polars as pl

from ys_analytics.schemas.clickhouse.columns import amount_column, count_column, rate_column, text_column, time_column
from ys_analytics.schemas.rules import (
    ADDRESS,
    GENESIS,
    LABEL,
    TEXT,
    TRANSACTION_HASH,
    UUID,
    Bounded,
    Formatted,
    NoGap,
    NotInFuture,
    NotSilent,
    OnTime,
    Refers,
    Required,
    Rows,
    Unique,
    UsualRows,
)
from ys_analytics.schemas.table import Column, Table

MARKET_DATA = Table(
    name="market_data",
    store="clickhouse",
    key=("asset_id", "chain_id", "timestamp", "source"),
    time="timestamp",
    meaning="Prices as they were quoted.",
    feed=True,
    series=("asset_id", "chain_id", "source"),
    affects=("asset_id", "asset"),
    rows=Rows(1, "critical", "The price table is empty, so no holding can be valued."),
    unique=Unique(
        "critical",
        "Two prices of one asset at the same time give two possible valuations, and which one is used is arbitrary.",
    ),
    required=Required(
        "critical",
        "A price without its time, asset, chain, source or value cannot be trusted, but valuations still use it.",
    ),
    columns=(
        time_column(
            "When it was quoted.",
            Bounded(
                "critical",
                "A price dated before 2009 is missing from every period. The usual cause is a zero timestamp, or "
                "milliseconds read as seconds.",
                at_least=GENESIS,
            ),
            NoGap(
                "warning",
                "Volatility is understated over days without prices, and the price change after the gap looks like "
                "one day's move.",
            ),
            OnTime("warning", "All holdings are valued at old prices because the price feed has stopped."),
            UsualRows(
                "warning",
                "Means and extremes of a day with far fewer or more quotes than usual cannot be compared with other "
                "days.",
            ),
            NotInFuture(
                "warning",
                "A price dated in the future is used to value today's holdings. The usual cause is a time zone offset "
                "applied twice.",
            ),
        ),
        text_column(
            "asset_id",
            "Which asset, as PostgreSQL's UUID.",
            Formatted(
                UUID,
                "critical",
                "Prices whose asset id is not a UUID in lower case match no asset, so holdings lose their price.",
            ),
            NotSilent(
                "warning", "Holdings of an asset whose quotes stopped keep its last price while the market moves."
            ),
            Refers("assets.id", "warning", "A price quote of an unknown asset is not used for any holding."),
        ),
        count_column(
            "chain_id",
            "On which chain; 0 for a coin with a chain of its own.",
            Bounded("critical", "A price with a negative chain id matches no asset.", at_least=0),
        ),
        amount_column(
            "price",
            "Price of one unit.",
            Bounded("critical", "A negative price turns a holding into a debt.", at_least=0, refused=True),
            Bounded(
                "warning",
                "A price of zero values a holding at zero. A token worth less than the store's smallest decimal "
                "legitimately has it.",
                above=0,
                refused=True,
            ),
            Bounded(
                "warning",
                "One unscaled price inflates a portfolio's value beyond any real size. Pool shares of two coins with "
                "six decimals legitimately cost trillions each, so this is a hint and not a limit.",
                at_most=10_000_000_000_000,
            ),
            unit="USD",
        ),
        amount_column(
            "volume_24h",
            "Traded in the last 24 hours.",
            Required("warning", "Without its volume, a price jump cannot be distinguished from a data error."),
            Bounded(
                "warning",
                "A negative volume makes liquidity look worse than zero. The feed probably reversed its sign.",
                at_least=0,
                refused=True,
            ),
            unit="USD",
        ),
        amount_column(
            "market_cap",
            "Price times supply; 0 where unknown.",
            Required("warning", "Assets without a market cap are missing from rankings by size."),
            Bounded(
                "warning",
                "A negative market cap reverses rankings by size.",
                at_least=0,
                refused=True,
            ),
            unit="USD",
        ),
        rate_column(
            "price_change_24h",
            "Change of the price in 24 hours.",
            Required("warning", "Assets without a daily change are missing from the table of movers."),
            Bounded(
                "warning",
                "A price change below -100 % is impossible. It was probably a percentage read as a fraction.",
                at_least=-1,
            ),
            Bounded(
                "warning",
                "A daily change above 10,000 % leads the table of movers. It was probably a percentage read as a "
                "fraction.",
                at_most=100,
            ),
        ),
        text_column(
            "source",
            "Who quoted it.",
            Formatted(LABEL, "warning", "Two spellings of one price source are counted as two sources."),
        ),
    ),
)

_DEX_TRADES_MISSING = Required("warning", "Swaps without an exchange or pool are missing from volume by exchange.")

_DEX_TRADES_ADDRESS = Formatted(
    ADDRESS, "warning", "A malformed contract address matches no token, so its swaps are missing from every total."
)

DEX_TRADES = Table(
    name="dex_trades",
    store="clickhouse",
    key=("chain_id", "dex_name", "timestamp", "transaction_hash", "pair_address"),
    time="timestamp",
    events=True,
    meaning="Swaps on decentralised exchanges.",
    affects=("pair_address", "pool"),
    unique=Unique(
        "warning",
        "A duplicated swap is counted twice in volume. One transaction may swap several times in one pool, so only "
        "rows equal in every column are duplicates.",
    ),
    required=Required(
        "critical", "A swap without its chain, token, time or amounts can be neither priced nor counted."
    ),
    columns=(
        time_column(
            "When it was included.",
            Bounded(
                "critical",
                "A swap dated before 2009 is missing from every period. The usual cause is a zero timestamp, or "
                "milliseconds read as seconds.",
                at_least=GENESIS,
            ),
            OnTime("warning", "Trade volume falls to zero because the trade feed has stopped."),
            UsualRows(
                "warning", "Volume of a day with far fewer or more swaps than usual cannot be compared with other days."
            ),
            NotInFuture(
                "warning",
                "A swap dated in the future is left out of every weekly figure. The usual cause is a time zone offset "
                "applied twice.",
            ),
        ),
        count_column(
            "chain_id",
            "On which chain.",
            Bounded("warning", "A swap with a chain id below 1 cannot be assigned to any chain.", at_least=1),
        ),
        text_column(
            "dex_name",
            "On which exchange.",
            _DEX_TRADES_MISSING,
            Formatted(TEXT, "warning", "Swaps without a valid exchange name are missing from volume by exchange."),
        ),
        text_column("pair_address", "In which pool.", _DEX_TRADES_MISSING, _DEX_TRADES_ADDRESS),
        text_column("token0_address", "First token's contract.", _DEX_TRADES_ADDRESS),
        text_column("token1_address", "Second token's contract.", _DEX_TRADES_ADDRESS),
        amount_column("amount0", "Change of the pool's first token; negative leaves it.", unit="token0"),
        amount_column("amount1", "Change of the pool's second token; negative leaves it.", unit="token1"),
        amount_column(
            "price",
            "token1 paid for one token0.",
            Bounded(
                "warning",
                "A price of zero or below distorts every mean that includes it. A price smaller than the store's "
                "smallest decimal is also stored as zero.",
                above=0,
                refused=True,
            ),
            unit="token1 per token0",
        ),
        text_column(
            "transaction_hash",
            "Its hash on chain.",
            Formatted(
                TRANSACTION_HASH, "warning", "A swap without a valid transaction hash cannot be verified on chain."
            ),
        ),
        Column(
            name="block_number",
            dtype=pl.UInt64(),
            native_type="UInt64",
            meaning="In which block.",
            rules=(
                Bounded("warning", "Swaps without a block number cannot be ordered within one second.", at_least=1),
            ),
        ),
    ),
)
