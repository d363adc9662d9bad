"""Executes notebooks, prints pages, and keeps what was printed.

`report` prints a week; `freeze_week` gives the run it prints from; `catalogue` says which runs there are.
"""

from ys_analytics.reporting.catalogue import Entry, catalogue
from ys_analytics.reporting.printing import Printed, freeze_week, report

__all__ = ["Entry", "Printed", "catalogue", "freeze_week", "report"]
