"""What reads notebooks and suites starts without the grammars of jsonschema's `format: iri`, which still works."""

import subprocess
import sys

import pytest

pytest.importorskip("rfc3987_syntax", reason="only jsonschema's own extras bring it")

PROGRAM = """
import sys
import ys_analytics.quality, ys_analytics.reporting
import jsonschema
assert "lark" not in sys.modules
stand_in = sys.modules["rfc3987_syntax"]
known = jsonschema.FormatChecker()
assert [known.conforms(text, "iri") for text in ("http://example.org/é", "no iri")] == [True, False]
assert "lark" in sys.modules
import rfc3987_syntax
assert rfc3987_syntax is not stand_in
from rfc3987_syntax.syntax_helpers import parse
assert stand_in.parse is parse
"""


def test_an_iri_is_checked_when_it_is_first_asked_for():
    """Importing compiles nothing; the first text does, and the package is then in its own place."""
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)
