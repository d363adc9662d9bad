"""Data quality: suites of rules, checked against a run or the live stores.

Depends on Great Expectations and pandas, which no other package may import, in a process of their own. Gives findings,
the portfolios they affect, and since when each rule fails.
"""

import ys_analytics.deferred_grammars  # noqa: F401 - before Great Expectations imports jsonschema
from ys_analytics.frames.findings import Subject, to_json
from ys_analytics.frames.findings import is_complete as has_complete_findings
from ys_analytics.frames.findings import read as read_findings
from ys_analytics.frames.findings import write as write_findings
from ys_analytics.quality.findings import by_severity, subject
from ys_analytics.quality.history import History
from ys_analytics.quality.live import validate_live
from ys_analytics.quality.report_gate import (
    affected_portfolios,
    affected_reports,
    list_portfolios,
    list_rules,
    stopping_findings,
)
from ys_analytics.quality.scorecard import write_scorecard
from ys_analytics.quality.terminal import summary, table
from ys_analytics.quality.validation import data_docs, gate, gate_live, validate
from ys_analytics.quality.worker_process import start_worker, stop_worker

__all__ = [
    "History",
    "Subject",
    "affected_portfolios",
    "affected_reports",
    "by_severity",
    "data_docs",
    "gate",
    "gate_live",
    "has_complete_findings",
    "list_portfolios",
    "list_rules",
    "read_findings",
    "start_worker",
    "stop_worker",
    "stopping_findings",
    "subject",
    "summary",
    "table",
    "to_json",
    "validate",
    "validate_live",
    "write_findings",
    "write_scorecard",
]
