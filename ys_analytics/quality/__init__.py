"""Whether the data may be believed: suites of rules, held against a run or the live stores.

Knows what was promised, by whom it is broken and since when. The only room
that knows Great Expectations and pandas, and it keeps both in a process of
their own.
"""

from ys_analytics.frames.findings import Subject, to_json
from ys_analytics.frames.findings import read as read_findings
from ys_analytics.frames.findings import whole as has_complete_findings
from ys_analytics.frames.findings import write as write_findings
from ys_analytics.quality.findings import by_severity, subject
from ys_analytics.quality.history import History
from ys_analytics.quality.live import validate_live
from ys_analytics.quality.report_gate import named, people, reach, stopped, whom
from ys_analytics.quality.scorecard import write_scorecard
from ys_analytics.quality.terminal import summary, table
from ys_analytics.quality.validation import data_docs, gate, gate_live, validate
from ys_analytics.quality.worker_process import rest, warm

__all__ = [
    "History",
    "Subject",
    "by_severity",
    "data_docs",
    "gate",
    "gate_live",
    "has_complete_findings",
    "named",
    "people",
    "reach",
    "read_findings",
    "rest",
    "stopped",
    "subject",
    "summary",
    "table",
    "to_json",
    "validate",
    "validate_live",
    "warm",
    "whom",
    "write_findings",
    "write_scorecard",
]
