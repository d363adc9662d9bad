"""Rules of `yield_metrics`: the yields and TVL that pools are ranked by."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    UnexpectedRowsExpectation,
)

from ys_analytics.quality.detectors.duplicates import repeated_ticks
from ys_analytics.quality.detectors.isolated_outliers import zeros_between
from ys_analytics.quality.detectors.scale import decimal_shifts
from ys_analytics.quality.detectors.stale import stale_runs
from ys_analytics.quality.detectors.swapped_columns import swapped_values
from ys_analytics.quality.detectors.timezones import off_schedule
from ys_analytics.quality.detectors.yields import yield_jumps
from ys_analytics.quality.suite_types import Detector
from ys_analytics.schemas import TABLES

_SERIES = TABLES["yield_metrics"].series

SUITE = ExpectationSuite(
    name="yield_metrics",
    expectations=[
        UnexpectedRowsExpectation(
            description="apy is the sum of its parts, simple or compounded",
            unexpected_rows_query="""
                SELECT protocol_name, pool_address, timestamp, apy, rewards_apr, trading_fees_apr
                FROM {batch} AS judged
                WHERE toFloat64(apy) < 0.995 * (toFloat64(rewards_apr) + toFloat64(trading_fees_apr)) - 0.00002
                   OR toFloat64(apy)
                      > 1.05 * (exp(toFloat64(rewards_apr) + toFloat64(trading_fees_apr)) - 1) + 0.0005
            """,
            meta={"columns": ["apy", "rewards_apr", "trading_fees_apr"]},
            severity="warning",
            notes="An APY that is neither the sum of its parts nor their compounded value was scaled wrongly.",
        ),
    ],
)

DETECTORS = [
    Detector(
        rule="no_leap(apy)",
        find=lambda snapshot: yield_jumps(
            snapshot.frame("yield_metrics"),
            series=_SERIES,
            time="timestamp",
            apy="apy",
            size="tvl",
            parts=("rewards_apr", "trading_fees_apr"),
        ),
        columns=("apy", "tvl"),
        severity="warning",
        notes=(
            "A yield ten times its own mean of two weeks leads rankings and means, although neither its fees nor its "
            "rewards explain it."
        ),
        needs=("yield_metrics",),
    ),
    Detector(
        rule="no_decimal_shift(apy)",
        find=lambda snapshot: decimal_shifts(
            snapshot.frame("yield_metrics"),
            series=_SERIES,
            time="timestamp",
            value="apy",
            min_power=2,
            beyond_tail=2,
        ),
        columns=("apy",),
        severity="warning",
        notes="A yield stored as a percentage among yields stored as fractions is a hundred times too high.",
        needs=("yield_metrics",),
    ),
    Detector(
        rule="no_decimal_shift(tvl)",
        find=lambda snapshot: decimal_shifts(
            snapshot.frame("yield_metrics"), series=_SERIES, time="timestamp", value="tvl", beyond_tail=5, lasting=False
        ),
        columns=("tvl",),
        severity="warning",
        notes=(
            "Our share of a pool is wrong by powers of ten when its TVL is. A large holder who enters or leaves moves "
            "TVL as much, so only a jump that returns exactly is reported."
        ),
        needs=("yield_metrics",),
    ),
    Detector(
        rule="not_stale(tvl)",
        find=lambda snapshot: stale_runs(
            snapshot.frame("yield_metrics"), series=_SERIES, time="timestamp", value="tvl"
        ),
        columns=("tvl",),
        severity="warning",
        notes="A pool that lost its liquidity looks safe while its feed repeats the same TVL.",
        needs=("yield_metrics",),
    ),
    Detector(
        rule="not_swapped(apy, tvl)",
        find=lambda snapshot: swapped_values(
            snapshot.frame("yield_metrics"), series=_SERIES, time="timestamp", pair=("apy", "tvl")
        ),
        columns=("apy", "tvl"),
        severity="critical",
        notes="A yield of millions leads the ranking because APY and TVL were exchanged.",
        needs=("yield_metrics",),
    ),
    Detector(
        rule="not_swapped(rewards_apr, trading_fees_apr)",
        find=lambda snapshot: swapped_values(
            snapshot.frame("yield_metrics"), series=_SERIES, time="timestamp", pair=("rewards_apr", "trading_fees_apr")
        ),
        columns=("rewards_apr", "trading_fees_apr"),
        severity="warning",
        notes="Reward incentives are shown as earned fees because the two columns were exchanged.",
        needs=("yield_metrics",),
    ),
    Detector(
        rule="no_zero_between(tvl)",
        find=lambda snapshot: zeros_between(
            snapshot.frame("yield_metrics"), series=_SERIES, time="timestamp", value="tvl"
        ),
        columns=("tvl",),
        severity="warning",
        notes="Our share of a pool looks like 100 % because an unknown TVL was stored as zero.",
        needs=("yield_metrics",),
    ),
    Detector(
        rule="no_repeated_tick(timestamp)",
        find=lambda snapshot: repeated_ticks(
            snapshot.frame("yield_metrics"), series=_SERIES, time="timestamp", values=("apy", "tvl")
        ),
        columns=("timestamp", "apy", "tvl"),
        severity="warning",
        notes="A repeated yield is counted twice in the pool's mean.",
        needs=("yield_metrics",),
    ),
    Detector(
        rule="not_repeated(apy, tvl)",
        find=lambda snapshot: stale_runs(
            snapshot.frame("yield_metrics"), series=_SERIES, time="timestamp", value="apy", other_value="tvl"
        ),
        columns=("apy", "tvl"),
        severity="warning",
        notes="A row copied forward looks like a calm day: neither its APY nor its TVL was updated.",
        needs=("yield_metrics",),
    ),
    Detector(
        rule="in_utc(timestamp)",
        find=lambda snapshot: off_schedule(
            snapshot.frame("yield_metrics"), series=_SERIES, group=("protocol_name",), time="timestamp"
        ),
        columns=("timestamp",),
        severity="warning",
        notes="A yield dated on another day is compared with the wrong prices.",
        needs=("yield_metrics",),
    ),
]
