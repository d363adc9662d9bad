"""Performance of the satellite agents.

Depends on the columns of this package; holds no SQL.
"""

import polars as pl

from ys_analytics.schemas.clickhouse.columns import TEXT_PAIR, amount_column, count_column, text_column, time_column
from ys_analytics.schemas.rules import (
    GENESIS,
    LABEL,
    Bounded,
    Formatted,
    NotInFuture,
    NotSilent,
    OnTime,
    Refers,
    Required,
    Unique,
    UsualRows,
)
from ys_analytics.schemas.table import Column, Table

_SATELLITE_PERFORMANCE_LABEL = Formatted(
    LABEL, "warning", "A malformed agent id splits one satellite agent's records into two groups."
)

_SATELLITE_PERFORMANCE_MISSING = Required(
    "warning", "A satellite agent looks fast and free of errors because these figures were not recorded."
)

SATELLITE_PERFORMANCE = Table(
    name="satellite_performance",
    store="clickhouse",
    key=("agent_id", "metric_name", "timestamp"),
    time="timestamp",
    meaning="How well each satellite agent worked.",
    feed=True,
    series=("agent_id", "metric_name"),
    affects=(),
    unique=Unique("critical", "A duplicated measurement is counted twice in the satellite agent's mean."),
    required=Required("critical", "A measurement without its agent, metric, time or value cannot be used."),
    columns=(
        time_column(
            "When it was measured.",
            Bounded(
                "critical",
                "A measurement dated before 2009 is missing from every period. The usual cause is a zero timestamp, "
                "or milliseconds read as seconds.",
                at_least=GENESIS,
            ),
            OnTime("warning", "Satellite agents are compared by old results because measuring has stopped."),
            UsualRows(
                "warning",
                "Means of a day with far fewer or more measurements than usual cannot be compared with other days.",
                fixed_interval=False,
            ),
            NotInFuture(
                "warning",
                "A measurement dated in the future is left out of every weekly figure. The usual cause is a time zone "
                "offset applied twice.",
            ),
        ),
        text_column(
            "agent_id",
            "Which satellite.",
            _SATELLITE_PERFORMANCE_LABEL,
            NotSilent("warning", "A satellite agent whose measurements stopped keeps its last results in comparisons."),
            Refers(
                "satellite_agents.id",
                "warning",
                "Performance is recorded for an unregistered satellite agent and is missing from comparisons.",
            ),
        ),
        text_column("metric_name", "What was measured.", _SATELLITE_PERFORMANCE_LABEL),
        amount_column(
            "metric_value",
            "The measurement.",
            Bounded(
                "warning",
                "One unscaled value makes the rest of the chart unreadable.",
                at_least=-1_000_000_000_000,
                at_most=1_000_000_000_000,
            ),
            unit="as named",
        ),
        count_column(
            "response_time_ms",
            "Median time to answer.",
            _SATELLITE_PERFORMANCE_MISSING,
            Bounded(
                "warning",
                "A response time above one hour inflates the mean. It was probably stored in another unit.",
                at_most=3_600_000,
            ),
            unit="ms",
        ),
        Column(
            name="success_rate",
            dtype=pl.Decimal(18, 4),
            native_type="Decimal(18, 4)",
            meaning="Share of tasks that succeeded.",
            unit="fraction",
            rules=(
                _SATELLITE_PERFORMANCE_MISSING,
                Bounded(
                    "warning",
                    "A success rate above 1 puts a satellite agent at the top of the ranking wrongly. It was probably "
                    "a percentage read as a fraction.",
                    at_least=0,
                    at_most=1,
                ),
            ),
        ),
        count_column(
            "error_count",
            "Tasks that failed.",
            _SATELLITE_PERFORMANCE_MISSING,
            Bounded("warning", "A counter that overflowed below zero shows four billion errors.", at_most=1_000_000),
        ),
        Column(
            name="metadata",
            dtype=pl.List(TEXT_PAIR),
            native_type="Map(String, String)",
            meaning="What else was noted.",
            rules=(_SATELLITE_PERFORMANCE_MISSING,),
        ),
    ),
)
