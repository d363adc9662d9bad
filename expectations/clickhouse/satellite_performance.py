"""What must be true of `satellite_performance` before satellites are compared."""

from great_expectations import ExpectationSuite

from ys_analytics.quality.detectors.isolated_outliers import isolated_outliers
from ys_analytics.quality.detectors.timezones import off_beat
from ys_analytics.quality.suite_types import Detector
from ys_analytics.schemas import TABLES

_SERIES = TABLES["satellite_performance"].series

SUITE = ExpectationSuite(
    name="satellite_performance",
    expectations=[],
)

DETECTORS = [
    Detector(
        rule="comes_back_to_its_level(metric_value)",
        find=lambda snapshot: isolated_outliers(
            snapshot.frame("satellite_performance"), series=_SERIES, time="timestamp", value="metric_value", least=10
        ),
        columns=("metric_value",),
        severity="warning",
        notes="A satellite is praised or blamed for a unit misread: its neighbours deny the measurement.",
        needs=("satellite_performance",),
    ),
    Detector(
        rule="in_utc(timestamp)",
        find=lambda snapshot: off_beat(
            snapshot.frame("satellite_performance"), series=_SERIES, alike=(), time="timestamp"
        ),
        columns=("timestamp",),
        severity="warning",
        notes="A measurement filed under another day is compared with other satellites' wrong one.",
        needs=("satellite_performance",),
    ),
]
