"""Frame in, figure or table out; computes nothing, opens nothing.

`figures` and `tables` hold one function for each view. Every view shows itself in
Jupyter and carries its data JSON, the same numbers for machines.
"""

from ys_analytics.views import figures, tables
from ys_analytics.views.view import DATA_TYPE, View

__all__ = ["DATA_TYPE", "View", "figures", "tables"]
