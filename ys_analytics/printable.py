"""Make text safe for a terminal: control characters become visible escapes.

Depends on nothing. A name, a cell or an error text may come from a store, a file or a query, and a terminal would take
an escape sequence in it for a command: move the cursor, change the title, type into the shell.
"""

import re

# Controls (C0, DEL, C1), marks that turn the direction of text, and the two separators that some terminals break at.
_OBEYED = r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_CONTROL = re.compile(f"[{_OBEYED}]")
_LINES_KEPT = re.compile(f"(?![\t\n])[{_OBEYED}]")


def printable(text: str, *, lines: bool = False) -> str:
    r"""The text with each control character written as its escape.

    Args:
        text: Anything.
        lines: Keep tabs and the ends of lines, for text of several lines.

    >>> printable("Alder\x1b[2J")
    'Alder\\x1b[2J'
    >>> printable("one\ntwo", lines=True)
    'one\ntwo'
    """
    return (_LINES_KEPT if lines else _CONTROL).sub(_escape, text)


def printable_json(text: str) -> str:
    r"""JSON text of the same content in which no control character stands as itself.

    >>> printable_json('{"name": "\x9b2J"}')
    '{"name": "\\u009b2J"}'
    """
    return _LINES_KEPT.sub(lambda match_: f"\\u{ord(match_[0]):04x}", text)


def _escape(match_: re.Match[str]) -> str:
    known = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
    code = ord(match_[0])
    return known.get(match_[0]) or (f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}")  # noqa: PLR2004 - one byte
