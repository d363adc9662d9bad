"""Imports of an analyst's files: tables of the kit's own columns, and vendors' exports by their layouts.

Depends on files, the schema and the stores; does not compute anything beyond what a row means.
"""

from ys_analytics.ingest.building import Built, build, outdated
from ys_analytics.ingest.by_symbol import Layout
from ys_analytics.ingest.exporting import Exported, export_as
from ys_analytics.ingest.import_log import ImportLog
from ys_analytics.ingest.importing import Imported, import_file
from ys_analytics.ingest.prices import ImportOptions
from ys_analytics.ingest.vendor_import import VendorImport, import_vendor
from ys_analytics.schemas import Store

# The stores that an import, a build and their undoing write to.
WRITTEN_STORES: tuple[Store, ...] = ("postgres", "clickhouse")

__all__ = [
    "WRITTEN_STORES",
    "Built",
    "Exported",
    "ImportLog",
    "ImportOptions",
    "Imported",
    "Layout",
    "VendorImport",
    "build",
    "export_as",
    "import_file",
    "import_vendor",
    "outdated",
]
