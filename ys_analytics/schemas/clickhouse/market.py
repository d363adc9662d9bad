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
    NotAhead,
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
    rows=Rows(1, "critical", "Nothing can be valued without a single price; the market feed has not arrived."),
    unique=Unique("critical", "Two prices for one moment value a portfolio twice over; which one counts is chance."),
    required=Required(
        "critical", "A price without its moment, asset, chain or source cannot be used, and is used all the same."
    ),
    columns=(
        time_column(
            "When it was quoted.",
            Bounded(
                "critical",
                "Epoch zero, or milliseconds read as seconds, puts a price before there was any coin to price.",
                at_least=GENESIS,
            ),
            NoGap(
                "warning",
                "Volatility is understated over days without prices, and a jump after them looks like one day's.",
            ),
            OnTime("warning", "Everything is valued at prices from before; the market feed has stopped."),
            UsualRows("warning", "Means and extremes of a day with half its quotes, or twice, are not comparable."),
            NotAhead("warning", "Tomorrow's price values today's holdings; a zone was added twice."),
        ),
        text_column(
            "asset_id",
            "Which asset, as PostgreSQL's UUID.",
            Formatted(
                UUID,
                "critical",
                "Prices of assets that are not spelt as PostgreSQL's UUID join to nothing, so holdings lose their "
                "price.",
            ),
            NotSilent("warning", "A holding keeps its last price while the market moves on."),
            Refers("assets.id", "warning", "A price is of nothing we know."),
        ),
        count_column(
            "chain_id",
            "On which chain; 0 for a coin with a chain of its own.",
            Bounded("critical", "A price on no chain joins to no asset.", at_least=0),
        ),
        amount_column(
            "price",
            "Price of one unit.",
            Bounded("critical", "A negative price turns a holding into a debt.", at_least=0, refused=True),
            Bounded(
                "warning",
                "A price of zero wipes out a holding. A token that fell below all decimals the store keeps has it "
                "honestly.",
                above=0,
                refused=True,
            ),
            Bounded(
                "warning",
                "One unscaled price makes a portfolio worth more than the world. Shares of pools of two coins with "
                "six decimals do cost trillions each, so this is a hint and no limit.",
                at_most=10_000_000_000_000,
            ),
            unit="USD",
        ),
        amount_column(
            "volume_24h",
            "Traded in the last 24 hours.",
            Required("warning", "A jump in price cannot be told from an error without the volume that came with it."),
            Bounded(
                "warning",
                "Liquidity looks worse than none when a volume is negative; the feed confused its signs.",
                at_least=0,
                refused=True,
            ),
            unit="USD",
        ),
        amount_column(
            "market_cap",
            "Price times supply; 0 where unknown.",
            Required("warning", "Rankings by size leave out a coin whose market value is not known."),
            Bounded(
                "warning",
                "Rankings by size turn upside down when a market value is negative.",
                at_least=0,
                refused=True,
            ),
            unit="USD",
        ),
        rate_column(
            "price_change_24h",
            "Change of the price in 24 hours.",
            Required("warning", "Movers of the day leave out a coin whose change is not known."),
            Bounded(
                "warning",
                "A change below minus one claims that a price fell beyond nothing; percent was read as a fraction.",
                at_least=-1,
            ),
            Bounded(
                "warning",
                "A day of ten thousand per cent in the table of movers is percent read as a fraction.",
                at_most=100,
            ),
        ),
        text_column(
            "source",
            "Who quoted it.",
            Formatted(LABEL, "warning", "Two spellings of one source count as two opinions."),
        ),
    ),
)

_DEX_TRADES_MISSING = Required("warning", "Volume by exchange is short of swaps whose exchange or pool is not known.")

_DEX_TRADES_ADDRESS = Formatted(
    ADDRESS, "warning", "A contract that is not an address joins to no token, so its swaps fall out of every total."
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
        "Volume doubles when a swap is counted twice. One transaction may swap in one pool again and again, so only "
        "rows that are alike in all are one swap.",
    ),
    required=Required("critical", "A swap without its place, time or amounts can be neither priced nor counted."),
    columns=(
        time_column(
            "When it was included.",
            Bounded(
                "critical",
                "Epoch zero, or milliseconds read as seconds, puts a swap before there was a chain.",
                at_least=GENESIS,
            ),
            OnTime("warning", "Volume falls to nothing because nobody counts; the trade feed has stopped."),
            UsualRows("warning", "Volume of a day that came in half, or twice, is not comparable."),
            NotAhead("warning", "A swap from tomorrow is in no week; a zone was added twice."),
        ),
        count_column(
            "chain_id", "On which chain.", Bounded("warning", "A swap on chain zero happened nowhere.", at_least=1)
        ),
        text_column(
            "dex_name",
            "On which exchange.",
            _DEX_TRADES_MISSING,
            Formatted(TEXT, "warning", "Volume by exchange loses what is filed under a blank name."),
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
                "A swap at no price, or a negative one, moved nothing and still moves every mean it enters; a price "
                "below all decimals the store keeps reads as none.",
                above=0,
                refused=True,
            ),
            unit="token1 per token0",
        ),
        text_column(
            "transaction_hash",
            "Its hash on chain.",
            Formatted(TRANSACTION_HASH, "warning", "A swap nobody can look up on chain cannot be audited."),
        ),
        Column(
            name="block_number",
            dtype=pl.UInt64(),
            native="UInt64",
            meaning="In which block.",
            rules=(Bounded("warning", "Order within a second is lost when the block is not known.", at_least=1),),
        ),
    ),
)
