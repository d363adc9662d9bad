"""Frames as files for people who do not use Python: one spreadsheet, or CSVs.

Writes files; computes nothing. Decimals are written in full in CSV; a spreadsheet holds them to 15 digits.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from ys_analytics.errors import UsageError, file_errors
from ys_analytics.frames.atomic import unfinished


def write(path: Path, frames: Mapping[str, pl.DataFrame]) -> Path:
    """Write frames to one XLSX, a sheet each, or to CSVs: the first under the path, the others with their names.

    Args:
        path: Ends in .xlsx or .csv.
        frames: By the name of the sheet.

    Returns:
        The path.

    Raises:
        UsageError: it ends otherwise.
    """
    kind = path.suffix.lower()
    if kind not in {".xlsx", ".csv"}:
        raise UsageError(f"{path.name}: lots are written as .xlsx or .csv")
    with file_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
    if kind == ".xlsx":
        _xlsx(path, frames)
        return path
    for index, (name, frame) in enumerate(frames.items()):
        target = path if index == 0 else path.with_name(f"{path.stem}-{name}{path.suffix}")
        with file_errors(target):
            frame.write_csv(target)
    return path


def _xlsx(path: Path, frames: Mapping[str, pl.DataFrame]) -> None:
    from xlsxwriter import Workbook  # type: ignore[import-untyped]

    # Text stays text: a name that begins with = is no formula, and a hash no link.
    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "remove_timezone": True,
    }
    partial = path.with_name(f".{path.name}.part")
    with file_errors(path), unfinished(partial):
        with Workbook(partial, options) as workbook:
            for name, frame in frames.items():
                frame.with_columns(pl.col(pl.Datetime).dt.replace_time_zone(None)).write_excel(
                    workbook, worksheet=name, autofit=True, freeze_panes="A2"
                )
        partial.replace(path)
