"""Detect the layout of a file by its content; none or several that fit are errors that name the candidates.

Depends on `layout` and `raw_tables`. Does not look at a file's name to decide.
"""

from ys_analytics.errors import ContractError, UsageError
from ys_analytics.ingest.layout import Layout, layout, layouts
from ys_analytics.ingest.raw_tables import RawFile, RawTable, table


def detect(file: RawFile, name: str = "") -> tuple[RawTable, str]:
    """Read a file by its layout, named or detected, and say how it was recognised.

    Args:
        file: The file.
        name: The layout to read it as; detected when empty.

    Returns:
        The table, and one sentence: the layout and how it was recognised.

    Raises:
        UsageError: several layouts fit, and none is named; there is none of that name; or what it holds has no table.
        ContractError: no layout fits (the nearest is named with what keeps it from fitting), or a line is broken.
    """
    if name:
        by_name = table(file, layout(name))
        if isinstance(by_name, str):
            reason = by_name or "has other columns"
            raise ContractError(f"{file.name}: is not written as {name}: it {reason}{_source_note(layout(name))}")
        _refuse_unsupported(by_name)
        return by_name, f"{file.name} read as {name}, as asked"
    matching: list[RawTable] = []
    near_misses: list[str] = []
    for layout_ in layouts().values():
        read = table(file, layout_)
        if isinstance(read, RawTable):
            matching.append(read)
        elif read.startswith(("lacks", "has the unknown")) and read.count(",") < _MAX_WRONG_COLUMNS:
            near_misses.append(f"{layout_.name} but {read}")
    candidates = [read_table for read_table in matching if "re:.*" not in read_table.layout.ignored] or matching
    if len(candidates) == 1:
        chosen = candidates[0]
        _refuse_unsupported(chosen)
        recognised_by = f"{len(chosen.layout.headless)} unnamed columns" if chosen.headless else "its columns"
        return chosen, f"{file.name} read as {chosen.layout.name}, by {recognised_by}"
    if candidates:
        names = " or ".join(candidate.layout.name for candidate in candidates)
        raise UsageError(f"{file.name}: may be {names}; say which with --from")
    near_text = f"; it is nearly {'; or '.join(near_misses[:2])}" if near_misses else ""
    raise ContractError(f"{file.name}: no layout fits its columns{near_text}; `ys import --help` lists the layouts")


def _refuse_unsupported(table: RawTable) -> None:
    """Raise for a file that is recognised and that no table can hold."""
    reason = table.layout.options.get("refused")
    if reason:
        raise UsageError(f"{table.file}: is {table.layout.title}: {reason}")


def _source_note(layout: Layout) -> str:
    return f" (see {layout.source})"


# How many columns may be wrong for a layout to be named as near.
_MAX_WRONG_COLUMNS = 3
