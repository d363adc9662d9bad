"""Folders of the kit's own files: notebooks, expectation suites, and what the weekly report is made of.

In a checkout they are the folders next to the package; an installed kit carries a copy of them inside the package.
Depends on nothing. Does not read them, and does not know where an analyst's own files go: `settings.py` does.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
# The wheel is built with this folder (pyproject.toml); a checkout has none.
_BUNDLED = _PACKAGE / "bundled"

# The checkout this program runs from, which holds pyproject.toml; None where it is installed.
CHECKOUT: Path | None = None if _BUNDLED.is_dir() else _PACKAGE.parent

_ROOT = CHECKOUT or _BUNDLED
NOTEBOOKS = _ROOT / "notebooks"
SUITES = _ROOT / "expectations"
REPORTS = _ROOT / "reports"
