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
    NotAhead,
    NotSilent,
    OnTime,
    Refers,
    Required,
    Unique,
    UsualRows,
)
from ys_analytics.schemas.table import Column, Table

_SATELLITE_PERFORMANCE_LABEL = Formatted(LABEL, "warning", "Two spellings split one satellite's record in two.")

_SATELLITE_PERFORMANCE_MISSING = Required("warning", "A satellite looks quick and faultless where nobody counted.")

SATELLITE_PERFORMANCE = Table(
    name="satellite_performance",
    store="clickhouse",
    key=("agent_id", "metric_name", "timestamp"),
    time="timestamp",
    meaning="How well each satellite agent worked.",
    feed=True,
    series=("agent_id", "metric_name"),
    affects=(),
    unique=Unique("critical", "A measurement counted twice pulls a satellite's mean towards it."),
    required=Required("critical", "A measurement without its satellite, name, moment or value measures nothing."),
    columns=(
        time_column(
            "When it was measured.",
            Bounded(
                "critical",
                "Epoch zero, or milliseconds read as seconds, files a measurement where nobody looks.",
                at_least=GENESIS,
            ),
            OnTime("warning", "Satellites are compared by what they did before; measuring has stopped."),
            UsualRows("warning", "Means over half the measurements are not comparable.", clockwork=False),
            NotAhead("warning", "A measurement from tomorrow is in no week; a zone was added twice."),
        ),
        text_column(
            "agent_id",
            "Which satellite.",
            _SATELLITE_PERFORMANCE_LABEL,
            NotSilent("warning", "A satellite that stopped keeps its last marks."),
            Refers("satellite_agents.id", "warning", "Marks are given to a satellite nobody registered."),
        ),
        text_column("metric_name", "What was measured.", _SATELLITE_PERFORMANCE_LABEL),
        amount_column(
            "metric_value",
            "The measurement.",
            Bounded(
                "warning",
                "One unscaled value is all that a chart of it will show.",
                at_least=-1_000_000_000_000,
                at_most=1_000_000_000_000,
            ),
            unit="as named",
        ),
        count_column(
            "response_time_ms",
            "Median time to answer.",
            _SATELLITE_PERFORMANCE_MISSING,
            Bounded("warning", "An answer after an hour is a unit misread, and ruins the mean.", at_most=3_600_000),
            unit="ms",
        ),
        Column(
            name="success_rate",
            dtype=pl.Decimal(18, 4),
            native="Decimal(18, 4)",
            meaning="Share of tasks that succeeded.",
            unit="fraction",
            rules=(
                _SATELLITE_PERFORMANCE_MISSING,
                Bounded(
                    "warning",
                    "More successes than tasks: percent was read as a fraction, and the league table is wrong.",
                    at_least=0,
                    at_most=1,
                ),
            ),
        ),
        count_column(
            "error_count",
            "Tasks that failed.",
            _SATELLITE_PERFORMANCE_MISSING,
            Bounded("warning", "A counter that went round below zero shows four billion errors.", at_most=1_000_000),
        ),
        Column(
            name="metadata",
            dtype=pl.List(TEXT_PAIR),
            native="Map(String, String)",
            meaning="What else was noted.",
            rules=(_SATELLITE_PERFORMANCE_MISSING,),
        ),
    ),
)
