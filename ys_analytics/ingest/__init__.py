"""An analyst's own CSV and Parquet into a table: the whole import, or nothing.

Knows files and what the schema asks of them; computes nothing from what it reads.
"""

from ys_analytics.ingest.importing import Imported, import_file
from ys_analytics.ingest.layouts import Layout

__all__ = ["Imported", "Layout", "import_file"]
