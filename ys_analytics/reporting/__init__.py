"""Executes notebooks, prints pages, and keeps what was printed.

`report` prints a week; `freeze_week` gives the run it prints from.
"""

from ys_analytics.reporting.printing import Printed, freeze_week, report

__all__ = ["Printed", "freeze_week", "report"]
