"""Rules of `market_data`: the prices, market caps and volumes that value every holding."""

import polars as pl
from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    UnexpectedRowsExpectation,
)

from ys_analytics.quality.detectors.cross_source import contradicted_change, disagreeing_sources
from ys_analytics.quality.detectors.duplicates import repeated_ticks
from ys_analytics.quality.detectors.isolated_outliers import isolated_outliers, zeros_between
from ys_analytics.quality.detectors.pegs import broken_pegs
from ys_analytics.quality.detectors.scale import decimal_shifts
from ys_analytics.quality.detectors.spikes import reverting_spikes, unconfirmed_jumps, unproven_starts
from ys_analytics.quality.detectors.stale import stale_runs
from ys_analytics.quality.detectors.swapped_columns import swapped_values
from ys_analytics.quality.detectors.timezones import off_schedule, shifted_against_market
from ys_analytics.quality.suite_types import Detector
from ys_analytics.schemas import TABLES

_SERIES = TABLES["market_data"].series


def _supply(quotes: pl.DataFrame) -> pl.DataFrame:
    """Units in existence, as price and market value of each row imply them."""
    supply = pl.col("market_cap").cast(pl.Float64) / pl.col("price").cast(pl.Float64)
    return quotes.filter((pl.col("market_cap") > 0) & (pl.col("price") > 0)).with_columns(supply=supply)


SUITE = ExpectationSuite(
    name="market_data",
    expectations=[
        UnexpectedRowsExpectation(
            description="price is not zero between non-zero prices",
            unexpected_rows_query="""
                SELECT judged.asset_id AS asset_id, judged.chain_id AS chain_id, judged.timestamp AS timestamp,
                       judged.source AS source, judged.price AS price
                FROM {batch} AS judged
                INNER JOIN (
                    SELECT asset_id, chain_id, source, max(timestamp) AS last,
                           toFloat64(argMax(price, timestamp)) AS closing
                    FROM {batch} AS known WHERE price > 0 GROUP BY asset_id, chain_id, source
                ) AS priced
                    ON judged.asset_id = priced.asset_id
                    AND judged.chain_id = priced.chain_id AND judged.source = priced.source
                WHERE judged.price = 0 AND (judged.timestamp < priced.last OR priced.closing > 0.000000000001)
            """,
            meta={"columns": ["price"]},
            severity="critical",
            notes=(
                "A holding is valued at zero because an unknown price was stored as zero. No market falls to zero and "
                "recovers in one step."
            ),
        ),
        UnexpectedRowsExpectation(
            description="market_cap is known for the whole series or for none of it",
            unexpected_rows_query="""
                SELECT judged.asset_id, judged.chain_id, judged.timestamp, judged.source, judged.market_cap
                FROM {batch} AS judged
                INNER JOIN (
                    SELECT asset_id, chain_id, source FROM {batch} AS known
                    WHERE market_cap > 0 GROUP BY asset_id, chain_id, source
                ) AS valued
                    ON judged.asset_id = valued.asset_id
                    AND judged.chain_id = valued.chain_id AND judged.source = valued.source
                WHERE judged.market_cap = 0 AND judged.price > 0
            """,
            meta={"columns": ["market_cap"]},
            severity="warning",
            notes="A market cap of zero that stands for an unknown value lowers averages of market cap.",
        ),
    ],
)

DETECTORS = [
    Detector(
        rule="no_decimal_shift(price)",
        find=lambda snapshot: decimal_shifts(
            snapshot.frame("market_data"), series=_SERIES, time="timestamp", value="price", volume="volume_24h"
        ),
        columns=("price",),
        severity="warning",
        notes=(
            "Holdings are valued ten or a thousand times too high or too low. A decimal point moved, or raw units were "
            "read as whole tokens. A token split 1000:1 makes the same jump and stays there."
        ),
        needs=("market_data",),
    ),
    Detector(
        rule="no_decimal_shift_and_back(price)",
        find=lambda snapshot: decimal_shifts(
            snapshot.frame("market_data"),
            series=_SERIES,
            time="timestamp",
            value="price",
            volume="volume_24h",
            min_power=2,
            lasting=False,
        ),
        columns=("price",),
        severity="critical",
        notes=(
            "Holdings are valued a hundred or a million times too high or too low. A price that jumps by almost "
            "exactly a power of ten and returns exactly was stored in another unit."
        ),
        needs=("market_data",),
    ),
    Detector(
        rule="no_reverting_spike(price)",
        find=lambda snapshot: reverting_spikes(
            snapshot.frame("market_data"), series=_SERIES, time="timestamp", value="price", volume="volume_24h"
        ),
        columns=("price",),
        severity="warning",
        notes=(
            "One wrong price creates both the best and the worst day of the year and accounts for half of the "
            "volatility."
        ),
        needs=("market_data",),
    ),
    Detector(
        rule="last_price_is_no_jump(price)",
        find=lambda snapshot: unconfirmed_jumps(
            snapshot.frame("market_data"), series=_SERIES, time="timestamp", value="price", volume="volume_24h"
        ),
        columns=("price", "volume_24h"),
        severity="warning",
        notes="The week closes at a last price that earlier prices contradict.",
        needs=("market_data",),
    ),
    Detector(
        rule="first_price_is_no_jump(price)",
        find=lambda snapshot: unproven_starts(
            snapshot.frame("market_data"), series=_SERIES, time="timestamp", value="price", volume="volume_24h"
        ),
        columns=("price", "volume_24h"),
        severity="warning",
        notes="Every return since the start is measured from a first price that later prices contradict.",
        needs=("market_data",),
    ),
    Detector(
        rule="no_spike_of_implied_supply(market_cap)",
        find=lambda snapshot: reverting_spikes(
            _supply(snapshot.frame("market_data")), series=_SERIES, time="timestamp", value="supply"
        ),
        columns=("market_cap", "price"),
        severity="warning",
        notes="Price and market cap in one row contradict each other, so one of them is wrong.",
        needs=("market_data",),
    ),
    Detector(
        rule="not_stale(price)",
        find=lambda snapshot: stale_runs(
            snapshot.frame("market_data"), series=_SERIES, time="timestamp", value="price"
        ),
        columns=("price",),
        severity="warning",
        notes="Risk is understated while a feed repeats the same price.",
        needs=("market_data",),
    ),
    Detector(
        rule="not_repeated(price, volume_24h)",
        find=lambda snapshot: stale_runs(
            snapshot.frame("market_data"), series=_SERIES, time="timestamp", value="price", other_value="volume_24h"
        ),
        columns=("price", "volume_24h"),
        severity="warning",
        notes="A row copied forward looks like a calm day: neither its price nor its volume was updated.",
        needs=("market_data",),
    ),
    Detector(
        rule="not_swapped(price, volume_24h)",
        find=lambda snapshot: swapped_values(
            snapshot.frame("market_data"), series=_SERIES, time="timestamp", pair=("price", "volume_24h")
        ),
        columns=("price", "volume_24h"),
        severity="critical",
        notes="A holding is valued at its asset's daily volume because two columns were exchanged.",
        needs=("market_data",),
    ),
    Detector(
        rule="not_swapped(volume_24h, market_cap)",
        find=lambda snapshot: swapped_values(
            snapshot.frame("market_data"), series=_SERIES, time="timestamp", pair=("volume_24h", "market_cap")
        ),
        columns=("volume_24h", "market_cap"),
        severity="warning",
        notes="Rankings by market cap and by volume are exchanged because the two columns were exchanged.",
        needs=("market_data",),
    ),
    Detector(
        rule="no_isolated_outlier(volume_24h)",
        find=lambda snapshot: isolated_outliers(
            snapshot.frame("market_data"), series=_SERIES, time="timestamp", value="volume_24h", min_distance=50
        ),
        columns=("volume_24h",),
        severity="warning",
        notes=(
            "One day's volume is about fifty times that of the days around it, which distorts liquidity. It was "
            "probably stored in another unit."
        ),
        needs=("market_data",),
    ),
    Detector(
        rule="no_zero_between(volume_24h)",
        find=lambda snapshot: zeros_between(
            snapshot.frame("market_data"), series=_SERIES, time="timestamp", value="volume_24h"
        ),
        columns=("volume_24h",),
        severity="warning",
        notes="A coin looks impossible to trade for a day because an unknown volume was stored as zero.",
        needs=("market_data",),
    ),
    Detector(
        rule="not_swapped(price, market_cap)",
        find=lambda snapshot: swapped_values(
            snapshot.frame("market_data"), series=_SERIES, time="timestamp", pair=("price", "market_cap")
        ),
        columns=("price", "market_cap"),
        severity="critical",
        notes="A holding is valued at its asset's market cap because two columns were exchanged.",
        needs=("market_data",),
    ),
    Detector(
        rule="keeps_its_peg(price)",
        find=lambda snapshot: broken_pegs(
            snapshot.frame("market_data"), series=_SERIES, time="timestamp", value="price"
        ),
        columns=("price",),
        severity="warning",
        notes=(
            "A stablecoin trades away from its peg, so cash is not worth its face value. This may be real and not an "
            "error: USDC did trade at 0.88."
        ),
        needs=("market_data",),
    ),
    Detector(
        rule="sources_agree(price)",
        find=lambda snapshot: disagreeing_sources(
            snapshot.frame("market_data"),
            subject=("asset_id", "chain_id"),
            time="timestamp",
            source="source",
            value="price",
        ),
        columns=("price", "source"),
        severity="warning",
        notes="Sources disagree on a price, so the value in a report depends on which source came last.",
        needs=("market_data",),
    ),
    Detector(
        rule="agrees_with_prices(price_change_24h)",
        find=lambda snapshot: contradicted_change(
            snapshot.frame("market_data"), series=_SERIES, time="timestamp", value="price", change="price_change_24h"
        ),
        columns=("price_change_24h", "price"),
        severity="warning",
        notes="The table of daily movers is wrong: the stated change contradicts the prices.",
        needs=("market_data",),
    ),
    Detector(
        rule="no_repeated_tick(timestamp)",
        find=lambda snapshot: repeated_ticks(
            snapshot.frame("market_data"), series=_SERIES, time="timestamp", values=("price", "volume_24h")
        ),
        columns=("timestamp", "price", "volume_24h"),
        severity="warning",
        notes="A repeated quote is counted twice in every mean and makes the series look less volatile.",
        needs=("market_data",),
    ),
    Detector(
        rule="in_utc(timestamp)",
        find=lambda snapshot: off_schedule(
            snapshot.frame("market_data"), series=_SERIES, group=("source",), time="timestamp"
        ),
        columns=("timestamp",),
        severity="warning",
        notes=(
            "A daily close taken at another hour than its neighbours makes one return cover 19 hours and the next 29."
        ),
        needs=("market_data",),
    ),
    Detector(
        rule="in_step_with_the_market(timestamp)",
        find=lambda snapshot: shifted_against_market(
            snapshot.frame("market_data"), series=_SERIES, time="timestamp", value="price"
        ),
        columns=("timestamp", "price"),
        severity="warning",
        notes="Dates shifted by a day reduce correlations, so portfolios look more diversified than they are.",
        needs=("market_data",),
    ),
]
