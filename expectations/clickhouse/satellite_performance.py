"""What must be true of `satellite_performance` before satellites are compared."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToMatchRegex,
    ExpectColumnValuesToNotBeNull,
    ExpectCompoundColumnsToBeUnique,
)

from ys_analytics.quality import patterns
from ys_analytics.quality.detectors.freshness import ahead, late, silent
from ys_analytics.quality.detectors.isolated_outliers import lone_values
from ys_analytics.quality.detectors.row_counts import unusual_days
from ys_analytics.quality.detectors.timezones import off_beat
from ys_analytics.quality.suite_types import Detect

_SERIES = ("agent_id", "metric_name")

SUITE = ExpectationSuite(
    name="satellite_performance",
    expectations=[
        ExpectCompoundColumnsToBeUnique(
            column_list=["agent_id", "metric_name", "timestamp"],
            severity="critical",
            notes="A measurement counted twice pulls a satellite's mean towards it.",
        ),
        *(
            ExpectColumnValuesToNotBeNull(
                column=column,
                severity="critical",
                notes="A measurement without its satellite, name, moment or value measures nothing.",
            )
            for column in ("timestamp", "agent_id", "metric_name", "metric_value")
        ),
        *(
            ExpectColumnValuesToNotBeNull(
                column=column,
                severity="warning",
                notes="A satellite looks quick and faultless where nobody counted.",
            )
            for column in ("response_time_ms", "success_rate", "error_count", "metadata")
        ),
        ExpectColumnValuesToBeBetween(
            column="timestamp",
            min_value=patterns.GENESIS,
            severity="critical",
            notes="Epoch zero, or milliseconds read as seconds, files a measurement where nobody looks.",
        ),
        *(
            ExpectColumnValuesToMatchRegex(
                column=column,
                regex=patterns.LABEL,
                severity="warning",
                notes="Two spellings split one satellite's record in two.",
            )
            for column in ("agent_id", "metric_name")
        ),
        ExpectColumnValuesToBeBetween(
            column="success_rate",
            min_value=0,
            max_value=1,
            severity="warning",
            notes="More successes than tasks: percent was read as a fraction, and the league table is wrong.",
        ),
        ExpectColumnValuesToBeBetween(
            column="response_time_ms",
            max_value=3_600_000,
            severity="warning",
            notes="An answer after an hour is a unit misread, and ruins the mean.",
        ),
        ExpectColumnValuesToBeBetween(
            column="error_count",
            max_value=1_000_000,
            severity="warning",
            notes="A counter that went round below zero shows four billion errors.",
        ),
        ExpectColumnValuesToBeBetween(
            column="metric_value",
            min_value=-1_000_000_000_000,
            max_value=1_000_000_000_000,
            severity="warning",
            notes="One unscaled value is all that a chart of it will show.",
        ),
    ],
)

DETECTORS = [
    Detect(
        rule="comes_back_to_its_level(metric_value)",
        find=lambda picture: lone_values(
            picture.frame("satellite_performance"), series=_SERIES, time="timestamp", value="metric_value", least=10
        ),
        columns=("metric_value",),
        severity="warning",
        notes="A satellite is praised or blamed for a unit misread: its neighbours deny the measurement.",
        needs=("satellite_performance",),
    ),
    Detect(
        rule="in_utc(timestamp)",
        find=lambda picture: off_beat(
            picture.frame("satellite_performance"), series=_SERIES, alike=(), time="timestamp"
        ),
        columns=("timestamp",),
        severity="warning",
        notes="A measurement filed under another day is compared with other satellites' wrong one.",
        needs=("satellite_performance",),
    ),
    Detect(
        rule="not_silent(agent_id)",
        find=lambda picture: silent(picture.frame("satellite_performance"), series=_SERIES, time="timestamp"),
        columns=("agent_id", "timestamp"),
        severity="warning",
        notes="A satellite that stopped keeps its last marks.",
        needs=("satellite_performance",),
    ),
    Detect(
        rule="on_time(timestamp)",
        find=lambda picture: late(picture.frame("satellite_performance"), time="timestamp", as_of=picture.as_of),
        columns=("timestamp",),
        severity="warning",
        notes="Satellites are compared by what they did before; measuring has stopped.",
        needs=("satellite_performance",),
    ),
    Detect(
        rule="usual_rows_a_day(timestamp)",
        find=lambda picture: unusual_days(picture.frame("satellite_performance"), time="timestamp", clockwork=False),
        columns=("timestamp",),
        severity="warning",
        notes="Means over half the measurements are not comparable.",
        needs=("satellite_performance",),
    ),
    Detect(
        rule="not_ahead(timestamp)",
        find=lambda picture: ahead(
            picture.frame("satellite_performance"), key=(*_SERIES, "timestamp"), time="timestamp", as_of=picture.as_of
        ),
        columns=("timestamp",),
        severity="warning",
        notes="A measurement from tomorrow is in no week; a zone was added twice.",
        needs=("satellite_performance",),
    ),
]
