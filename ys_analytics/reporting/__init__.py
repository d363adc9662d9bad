"""Executes notebooks, prints pages, and keeps what was printed.

`report` prints a week; `freeze_week` gives the run it prints from; `list_runs` says which runs there are.
"""

import ys_analytics.deferred_grammars  # noqa: F401 - before the first import of jsonschema
from ys_analytics.reporting.batch import JOBS, TIME_LIMIT, Summary, report
from ys_analytics.reporting.plan import freeze_week
from ys_analytics.reporting.runs import RunEntry, list_runs
from ys_analytics.reporting.write import PrintedPage

__all__ = ["JOBS", "TIME_LIMIT", "PrintedPage", "RunEntry", "Summary", "freeze_week", "list_runs", "report"]
