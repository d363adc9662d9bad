"""Count the glossary's words not to use in names and docstrings of the package, and lower the allowed counts to that.

Run as a program it rewrites `tests/words/*.txt`, and refuses where a count would rise.
"""

import ast
import re
import sys
from collections import Counter
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PACKAGE = PROJECT / "ys_analytics"
ALLOWED = Path(__file__).resolve().parent
GLOSSARY = PROJECT / "docs" / "glossary.md"

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
# Code inside a docstring: spans in backticks, TeX, and examples.
_CODE = re.compile(r"`[^`]*`|\$\$.*?\$\$|\$[^$]*\$|^\s*(?:>>>|\.\.\.).*?$", re.DOTALL | re.MULTILINE)


def unwanted() -> frozenset[str]:
    """The words of the glossary's last table."""
    table = GLOSSARY.read_text().partition("## Words not to use")[2]
    rows = re.findall(r"^\| ([a-z, ]+) \| .+ \|$", table, flags=re.MULTILINE)
    return frozenset(word for row in rows if row != "not" for word in row.split(", "))


def rooms() -> dict[str, list[Path]]:
    """The modules of each package of the kit by its name; those outside of any under `top`."""
    found: dict[str, list[Path]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).parts
        found.setdefault(parts[0] if len(parts) > 1 else "top", []).append(path)
    return found


def texts(path: Path) -> list[str]:
    """The names a module defines, its own among them, and its docstrings without the code in them."""
    said = [path.stem]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            said.append(node.name)
        elif isinstance(node, ast.arg):
            said.append(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            said.append(node.id)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            said.append(_CODE.sub(" ", ast.get_docstring(node) or ""))
    return said


def count(paths: list[Path]) -> Counter[str]:
    """How often each word not to use stands in these modules."""
    words = unwanted()
    spoken = (word.lower() for path in paths for text in texts(path) for word in _WORD.findall(text))
    return Counter(word for word in spoken if word in words)


def allowed(room: str) -> Counter[str]:
    """How often each word may still stand in a package: lines of word and count."""
    path = ALLOWED / f"{room}.txt"
    lines = path.read_text().splitlines() if path.is_file() else []
    return Counter({word: int(times) for word, times in (line.split() for line in lines)})


def main() -> int:
    """Lower each count to what is there."""
    rising = 0
    for room, paths in rooms().items():
        found, limit = count(paths), allowed(room)
        for word in sorted(found - limit):
            print(f"{room}: {word!r} {found[word]} times, {limit[word]} allowed; docs/glossary.md says what to say")  # noqa: T201
            rising = 1
        kept = found & limit
        path = ALLOWED / f"{room}.txt"
        path.write_text("".join(f"{word} {kept[word]}\n" for word in sorted(kept)))
        if not kept:
            path.unlink()
    return rising


if __name__ == "__main__":
    sys.exit(main())
