"""What must be true of `market_data` before anything is valued at its prices."""

import polars as pl
from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    UnexpectedRowsExpectation,
)

from ys_analytics.quality.detectors.cross_source import contradicted_change, disagreeing
from ys_analytics.quality.detectors.duplicates import repeated_ticks
from ys_analytics.quality.detectors.isolated_outliers import isolated_outliers, zeros_between
from ys_analytics.quality.detectors.pegs import broken_pegs
from ys_analytics.quality.detectors.scale import decimal_shifts
from ys_analytics.quality.detectors.spikes import reverting_spikes, unconfirmed_jumps, unproven_starts
from ys_analytics.quality.detectors.stale import stale_runs
from ys_analytics.quality.detectors.swapped_columns import swapped
from ys_analytics.quality.detectors.timezones import off_beat, off_market_clock
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
            description="price is not nothing beside prices that are something",
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
            notes="A holding is wiped out by a price that was not known: no market falls to nothing in one step, nor "
            "comes back from there.",
        ),
        UnexpectedRowsExpectation(
            description="market_cap is known, or unknown for the whole series",
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
            notes="Averages of market value sink when zero stands for unknown in a series that knows better.",
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
        notes="Holdings are worth ten or a thousand times too much or too little: a decimal point moved, or raw "
        "units were read as whole. A token that was split a thousand to one leaps so too, and stays.",
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
            least=2,
            lasting=False,
        ),
        columns=("price",),
        severity="critical",
        notes="Holdings are worth a hundred or a million times too much or too little: a price that leaps by all but "
        "exactly a power of ten and leads exactly back was read in another unit.",
        needs=("market_data",),
    ),
    Detector(
        rule="no_reverting_spike(price)",
        find=lambda snapshot: reverting_spikes(
            snapshot.frame("market_data"), series=_SERIES, time="timestamp", value="price", volume="volume_24h"
        ),
        columns=("price",),
        severity="warning",
        notes="One bad print is the best and the worst day of the year, and half of the volatility.",
        needs=("market_data",),
    ),
    Detector(
        rule="last_price_is_no_jump(price)",
        find=lambda snapshot: unconfirmed_jumps(
            snapshot.frame("market_data"), series=_SERIES, time="timestamp", value="price", volume="volume_24h"
        ),
        columns=("price", "volume_24h"),
        severity="warning",
        notes="The week is closed at a price that nothing before or after it bears out.",
        needs=("market_data",),
    ),
    Detector(
        rule="first_price_is_no_jump(price)",
        find=lambda snapshot: unproven_starts(
            snapshot.frame("market_data"), series=_SERIES, time="timestamp", value="price", volume="volume_24h"
        ),
        columns=("price", "volume_24h"),
        severity="warning",
        notes="Every return since the beginning is measured from a price that nothing after it bears out.",
        needs=("market_data",),
    ),
    Detector(
        rule="no_spike_of_implied_supply(market_cap)",
        find=lambda snapshot: reverting_spikes(
            _supply(snapshot.frame("market_data")), series=_SERIES, time="timestamp", value="supply"
        ),
        columns=("market_cap", "price"),
        severity="warning",
        notes="Price and market value of one row contradict each other, so one of them is wrong.",
        needs=("market_data",),
    ),
    Detector(
        rule="not_stale(price)",
        find=lambda snapshot: stale_runs(
            snapshot.frame("market_data"), series=_SERIES, time="timestamp", value="price"
        ),
        columns=("price",),
        severity="warning",
        notes="Risk looks like calm while a feed repeats its last word.",
        needs=("market_data",),
    ),
    Detector(
        rule="not_repeated(price, volume_24h)",
        find=lambda snapshot: stale_runs(
            snapshot.frame("market_data"), series=_SERIES, time="timestamp", value="price", beside="volume_24h"
        ),
        columns=("price", "volume_24h"),
        severity="warning",
        notes="A row copied forward looks like a calm day: neither its price nor its volume was asked for again.",
        needs=("market_data",),
    ),
    Detector(
        rule="not_swapped(price, volume_24h)",
        find=lambda snapshot: swapped(
            snapshot.frame("market_data"), series=_SERIES, time="timestamp", pair=("price", "volume_24h")
        ),
        columns=("price", "volume_24h"),
        severity="critical",
        notes="A holding is valued at a day's turnover: two columns were exchanged.",
        needs=("market_data",),
    ),
    Detector(
        rule="not_swapped(volume_24h, market_cap)",
        find=lambda snapshot: swapped(
            snapshot.frame("market_data"), series=_SERIES, time="timestamp", pair=("volume_24h", "market_cap")
        ),
        columns=("volume_24h", "market_cap"),
        severity="warning",
        notes="Rankings by size and by turnover trade places: two columns were exchanged.",
        needs=("market_data",),
    ),
    Detector(
        rule="comes_back_to_its_level(volume_24h)",
        find=lambda snapshot: isolated_outliers(
            snapshot.frame("market_data"), series=_SERIES, time="timestamp", value="volume_24h", least=50
        ),
        columns=("volume_24h",),
        severity="warning",
        notes="Liquidity of one day is fifty times that of the days around it: a unit was misread.",
        needs=("market_data",),
    ),
    Detector(
        rule="no_zero_between(volume_24h)",
        find=lambda snapshot: zeros_between(
            snapshot.frame("market_data"), series=_SERIES, time="timestamp", value="volume_24h"
        ),
        columns=("volume_24h",),
        severity="warning",
        notes="A coin looks untradable for a day: a volume that was not known was written as nothing.",
        needs=("market_data",),
    ),
    Detector(
        rule="not_swapped(price, market_cap)",
        find=lambda snapshot: swapped(
            snapshot.frame("market_data"), series=_SERIES, time="timestamp", pair=("price", "market_cap")
        ),
        columns=("price", "market_cap"),
        severity="critical",
        notes="A holding is valued at the worth of all coins there are: two columns were exchanged.",
        needs=("market_data",),
    ),
    Detector(
        rule="keeps_its_peg(price)",
        find=lambda snapshot: broken_pegs(
            snapshot.frame("market_data"), series=_SERIES, time="timestamp", value="price"
        ),
        columns=("price",),
        severity="warning",
        notes="Cash is not worth what it says. This is news and not an error: USDC did trade at 0.88.",
        needs=("market_data",),
    ),
    Detector(
        rule="sources_agree(price)",
        find=lambda snapshot: disagreeing(
            snapshot.frame("market_data"),
            thing=("asset_id", "chain_id"),
            time="timestamp",
            source="source",
            value="price",
        ),
        columns=("price", "source"),
        severity="warning",
        notes="Which value a report shows depends on which source came last.",
        needs=("market_data",),
    ),
    Detector(
        rule="change_is_the_change(price_change_24h)",
        find=lambda snapshot: contradicted_change(
            snapshot.frame("market_data"), series=_SERIES, time="timestamp", value="price", change="price_change_24h"
        ),
        columns=("price_change_24h", "price"),
        severity="warning",
        notes="Movers of the day are not what moved; the price or its stated change was altered.",
        needs=("market_data",),
    ),
    Detector(
        rule="no_repeated_tick(timestamp)",
        find=lambda snapshot: repeated_ticks(
            snapshot.frame("market_data"), series=_SERIES, time="timestamp", values=("price", "volume_24h")
        ),
        columns=("timestamp", "price", "volume_24h"),
        severity="warning",
        notes="An echo counts twice in every mean and makes the series look calmer.",
        needs=("market_data",),
    ),
    Detector(
        rule="in_utc(timestamp)",
        find=lambda snapshot: off_beat(
            snapshot.frame("market_data"), series=_SERIES, alike=("source",), time="timestamp"
        ),
        columns=("timestamp",),
        severity="warning",
        notes="A day closes at another hour than its neighbours: returns are measured over 19 hours, then over 29.",
        needs=("market_data",),
    ),
    Detector(
        rule="in_step_with_the_market(timestamp)",
        find=lambda snapshot: off_market_clock(
            snapshot.frame("market_data"), series=_SERIES, time="timestamp", value="price"
        ),
        columns=("timestamp", "price"),
        severity="warning",
        notes="Correlations vanish where dates are shifted by a day, and diversification appears from nowhere.",
        needs=("market_data",),
    ),
]
