"""Rules of `satellite_performance`: the measurements that satellite agents are compared by."""

from great_expectations import ExpectationSuite

from ys_analytics.quality.detectors.isolated_outliers import isolated_outliers
from ys_analytics.quality.detectors.timezones import off_schedule
from ys_analytics.quality.suite_types import Detector
from ys_analytics.schemas import TABLES

_SERIES = TABLES["satellite_performance"].series

SUITE = ExpectationSuite(
    name="satellite_performance",
    expectations=[],
)

DETECTORS = [
    Detector(
        rule="no_isolated_outlier(metric_value)",
        find=lambda snapshot: isolated_outliers(
            snapshot.frame("satellite_performance"),
            series=_SERIES,
            time="timestamp",
            value="metric_value",
            min_distance=10,
        ),
        columns=("metric_value",),
        severity="warning",
        notes=(
            "One measurement far from its neighbours makes a satellite agent look better or worse than it is. It was "
            "probably stored in another unit."
        ),
        needs=("satellite_performance",),
    ),
    Detector(
        rule="in_utc(timestamp)",
        find=lambda snapshot: off_schedule(
            snapshot.frame("satellite_performance"), series=_SERIES, group=(), time="timestamp"
        ),
        columns=("timestamp",),
        severity="warning",
        notes="A measurement dated on another day is compared with other agents' measurements of the wrong day.",
        needs=("satellite_performance",),
    ),
]
