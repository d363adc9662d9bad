"""Which layout a file is written in, by its content; two that fit are a question, and none is an answer with reasons.

Depends on `layout` and `raw_tables`. Does not look at a file's name to decide.
"""

from ys_analytics.errors import ContractError, UsageError
from ys_analytics.ingest.layout import Layout, layout, layouts
from ys_analytics.ingest.raw_tables import RawFile, RawTable, table


def detect(file: RawFile, name: str = "") -> tuple[RawTable, str]:
    """The rows of a file and why they were read so.

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
        found = table(file, layout(name))
        if isinstance(found, str):
            said = found or "has other columns"
            raise ContractError(f"{file.name}: is not written as {name}: it {said}{_at(layout(name))}")
        _refuse(found)
        return found, f"{file.name} read as {name}, as asked"
    fitting: list[RawTable] = []
    nearly: list[str] = []
    for one in layouts().values():
        read = table(file, one)
        if isinstance(read, RawTable):
            fitting.append(read)
        elif read.startswith(("lacks", "has the unknown")) and read.count(",") < _NEAR:
            nearly.append(f"{one.name} but {read}")
    exact = [one for one in fitting if "re:.*" not in one.layout.ignored] or fitting
    if len(exact) == 1:
        taken = exact[0]
        _refuse(taken)
        how = f"{len(taken.layout.headless)} unnamed columns" if taken.headless else "its columns"
        return taken, f"{file.name} read as {taken.layout.name}, by {how}"
    if exact:
        names = " or ".join(one.layout.name for one in exact)
        raise UsageError(f"{file.name}: may be {names}; say which with --from")
    near = f"; it is nearly {'; or '.join(nearly[:2])}" if nearly else ""
    raise ContractError(f"{file.name}: no layout fits its columns{near}; `ys import --help` lists the layouts")


def _refuse(table: RawTable) -> None:
    """Refuse a file that is recognised and has no place in the stores."""
    reason = table.layout.options.get("refused")
    if reason:
        raise UsageError(f"{table.file}: is {table.layout.title}: {reason}")


def _at(named: Layout) -> str:
    return f" (see {named.source})"


# How many columns may be wrong for a layout to be named as near.
_NEAR = 3
