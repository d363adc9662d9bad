"""No text of a store, a file or a query is a command to the terminal it is shown on."""

import re

import polars as pl
import pytest

from ys_analytics.cli import console
from ys_analytics.errors import UsageError
from ys_analytics.printable import printable, printable_json

from .test_interrupt import terminal

# Clear the screen, set the title, answer back, C1 introducer, backspaces, a line of its own, text turned around.
HOSTILE = "\x1b[2J\x1b]0;owned\x07\x9b2J\x90q\x08\x08\rys: all is well\x7f\u202egnp"

_COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def _harmless(shown: str) -> bool:
    """Whether nothing but what Rich itself sends (colours, the cursor, ends of lines) would move a terminal."""
    ours = re.sub(r"\x1b\[[0-9;]*m|\x1b\[\?25[hl]|\x1b\[\d?[AK]|\r", "", shown)
    return _COMMANDS.search(ours) is None


@pytest.mark.parametrize("show", ["show", "show_frame", "say", "print", "show_json"])
def test_every_way_to_print_is_harmless(capsys, monkeypatch, show):
    """Tables, frames, lines and JSON, with the hostile text as title, head and cell."""
    frame = pl.DataFrame({HOSTILE: [HOSTILE], "kind": pl.Series([HOSTILE], dtype=pl.Categorical), "many": [[HOSTILE]]})
    monkeypatch.setattr(console, "out", console.PlainConsole(force_terminal=True, highlight=False, width=200))
    monkeypatch.setattr(console, "err", console.PlainConsole(force_terminal=True, highlight=False, stderr=True))
    match show:
        case "show":
            console.show(HOSTILE, (HOSTILE, "b"), [(HOSTILE, 1)])
        case "show_frame":
            console.show_frame(frame)
        case "say":
            console.say(HOSTILE)
        case "print":
            console.out.print(HOSTILE, markup=False)
        case "show_json":
            console.show_json('{"name": "\x9b2J\x7f"}')
    said = capsys.readouterr()
    shown = said.out + said.err
    assert shown
    assert _harmless(shown)
    assert "owned" in shown or show == "show_json"


def test_a_query_cannot_reach_the_terminal(ys):
    """Column names, cells and error texts of a query, on a terminal of its own."""
    if not (ys.home / "out" / "2026-W47").exists():
        assert ys("freeze", "--week", "2026-W47").returncode == 0
    for query in (
        f"SELECT '{HOSTILE}' AS \"{HOSTILE}\"",
        f"SELECT error('{HOSTILE}')",
        f'SELECT "{HOSTILE}" FROM users',  # noqa: S608 - hostile on purpose
    ):
        with terminal("sql", query, "--week", "2026-W47", environment=ys.environment) as screen:
            _, shown = screen.end()
        assert "owned" in shown
        assert _harmless(shown), shown
    for words in (["load", HOSTILE], ["metrics", HOSTILE], ["freeze", "--week", HOSTILE], [HOSTILE]):
        with terminal(*words, environment=ys.environment) as screen:
            code, shown = screen.end()
        assert code == 2
        assert _harmless(shown), shown


def test_a_notebook_shows_an_error_as_text():
    """IPython prints what we give it in place of a traceback."""
    assert all(_harmless(line) for line in UsageError(HOSTILE)._render_traceback_())


def test_only_controls_are_escaped():
    """Letters of every script, and emoji that are joined, stay as they are; JSON keeps its content."""
    assert printable("Zürich · 東京 · مرحبا · 👩‍💻") == "Zürich · 東京 · مرحبا · 👩‍💻"
    assert printable("\x1b") == "\\x1b"
    assert printable_json('{"a": "\x9b"}') == '{"a": "\\u009b"}'
