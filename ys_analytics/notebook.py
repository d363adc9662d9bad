"""SQL in a notebook: the cell magic `%%ys`, and the names of tables and columns under Tab.

Depends on IPython, which is there where this is used. Does not open or read anything until a cell asks; what the kit is
made of is imported then.
"""

import re
import shlex
from collections.abc import Iterator
from typing import Any

# The word under the cursor, with what stands before its dots.
_WORD = re.compile(r"[\w.]*$")
_ARGUMENT = re.compile(r"\.\w+\([^()]*['\"][^'\"\n]*$")
_QUERIED = re.compile(r"\b(\w+)\.sql\(\s*[fr]?(\"{1,3}|'{1,3})((?:(?!\2).)*)$", re.DOTALL)
_CELL = re.compile(r"\s*%%ys\b[^\n]*\n")
_LINE = re.compile(r"\s*%ys\s")

_HELP = "%%ys [NAME] [--run FOLDER] [--week W] [--until W], and one SELECT in the lines below"


def register(shell: Any) -> None:
    """Add the magic and the completion to a running IPython; once is enough, and again does nothing."""
    if "ys" not in shell.magics_manager.magics["cell"]:
        shell.register_magic_function(_magic(shell), magic_kind="line_cell", magic_name="ys")
    matchers = shell.Completer.custom_matchers
    if not any(getattr(matcher, "of_ys", False) for matcher in matchers):
        matchers.append(_matcher(shell))


def _magic(shell: Any) -> Any:
    def ys(line: str, cell: str | None = None) -> Any:
        """Query the four stores, or a run, with one SELECT in DuckDB's SQL; the answer is a Polars frame.

            %%ys prices --week 2026-W47
            SELECT symbol, max(price) FROM ch.market_data JOIN pg.assets ON id = asset_id GROUP BY symbol

        `prices` is then a variable with the frame. `--run FOLDER` asks a frozen run in place of the live stores,
        `--week W` takes rows of that week alone and `--until W` all before its end. `%ys SELECT ...` is one line.
        `SHOW TABLES` lists the tables, Tab completes their names and columns, and `EXPLAIN SELECT ...` shows what each
        store was asked.
        """
        from ys_analytics.desk import sql

        if cell is None:
            return sql(line)
        name, options = parse_line(line)
        match_ = sql(cell, **options)
        if name:
            shell.user_ns[name] = match_
        return match_

    return ys


def parse_line(line: str) -> tuple[str, dict[str, str]]:
    """The name that the answer gets, empty for none, and the options of `ys.sql`.

    Raises:
        UsageError: a word is neither a name of Python's nor an option.

    >>> parse_line("prices --week 2026-W47")
    ('prices', {'week': '2026-W47'})
    """
    from ys_analytics.errors import UsageError

    name, options = "", {}
    words = iter(shlex.split(line))
    for word in words:
        option = word.removeprefix("--")
        if word.startswith("--") and option in {"run", "week", "until"}:
            options[option] = next(words, "")
            if not options[option]:
                raise UsageError(f"%%ys: {word} needs a value; write {_HELP}")
        elif word.isidentifier() and not name:
            name = word
        else:
            raise UsageError(f"%%ys: {word!r} is not understood; write {_HELP}")
    return name, options


def _matcher(shell: Any) -> Any:
    from IPython.core.completer import SimpleCompletion, context_matcher

    @context_matcher()  # type: ignore[untyped-decorator]
    def names(context: Any) -> Any:
        """Names of tables and columns, where a table or a query is being written; silent elsewhere."""
        match_ = completions(context.full_text, context.text_until_cursor, shell.user_ns)
        if match_ is None:
            return {"completions": []}
        fragment, words = match_
        offered = [SimpleCompletion(text=word, type="table" if "." in word else "field") for word in words]
        return {"completions": offered, "matched_fragment": fragment, "suppress": bool(offered)}

    names.of_ys = True
    return names


def completions(whole: str, before: str, names: dict[str, Any]) -> tuple[str, list[str]] | None:
    r"""What can stand at the cursor: the part of it that is written, and the words; None where nothing of ours can.

    Args:
        whole: The text of the cell.
        before: The text up to the cursor, at least of its line.
        names: The variables of the notebook: what is called `ys` may have another name there.

    >>> completions("%%ys\nSELECT symb FROM pg.assets", "SELECT symb", {})
    ('symb', ['symbol'])
    """
    if _ARGUMENT.search(before) and (offered := _argument(before, names)):
        return offered
    text = whole if _CELL.match(whole) or _LINE.match(whole) else None
    if text is None and (queried := _QUERIED.search(before)) and _can_query(names.get(queried[1])):
        text = whole
    if text is None:
        return None
    match_ = _WORD.search(before)
    word = match_[0] if match_ else ""
    return word, sorted(set(_words(text, word)))


def _argument(before: str, names: dict[str, Any]) -> tuple[str, list[str]] | None:
    """What the text argument at the cursor may be; None where nothing is known of it."""
    from ys_analytics.desk.choices import argument
    from ys_analytics.errors import YsError

    try:
        found = argument(before, names)
    except (YsError, OSError):  # no run can be read: nothing is offered, and a call says why
        return None
    return found if found and found[1] else None


def _is_kit(value: Any) -> bool:
    return getattr(value, "__name__", "") == "ys_analytics"


def _can_query(value: Any) -> bool:
    """Whether a variable is the kit or a desk."""
    return _is_kit(value) or type(value).__module__ == "ys_analytics.desk.desk"


def _loadable() -> list[str]:
    from ys_analytics.schemas import TABLES

    return [name for name, table in TABLES.items() if table.schema]


def _words(text: str, word: str) -> Iterator[str]:
    """Tables whose name begins so, and columns of the tables that the query names already."""
    from ys_analytics.frames.sql import sql_name
    from ys_analytics.schemas import TABLES

    tables = {name: TABLES[name] for name in _loadable()}
    by_name = {**tables, **{sql_name(table): table for table in tables.values()}}
    yield from (name for name in by_name if name.startswith(word.lower()))
    prefix_part, dot, start = word.rpartition(".")
    for name, table in by_name.items():
        for use in re.finditer(rf"(?<![\w.]){re.escape(name)}(?![\w.])(?:\s+(?:AS\s+)?(\w+))?", text, re.IGNORECASE):
            if not dot or prefix_part.lower() in {name, table.name, sql_name(table), (use[1] or "").lower()}:
                prefix = f"{prefix_part}." if dot else ""
                yield from (prefix + column for column in table.schema if column.startswith(start.lower()))
