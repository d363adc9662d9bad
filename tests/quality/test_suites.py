"""The suites: one for everything the stores hold, a rule for every column, a weight and a reason for every rule."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from ys_analytics import quality
from ys_analytics.errors import SuiteError, UsageError
from ys_analytics.quality import suites
from ys_analytics.quality.suite_types import CROSS_STORE, NEEDED_WITH
from ys_analytics.schemas import TABLES

SECRET = {table.name for table in TABLES.values() if not table.schema}


def test_everything_has_a_suite(demo_findings):
    """A table without rules would pass unchecked; sessions are counted and never read."""
    assert {each.suite for each in demo_findings} == {name for name in suites.names() if name not in SECRET}


def test_no_suite_is_about_nothing():
    """A suite of a table that is gone is never checked, and looks as if it were."""
    files = {path.relative_to(suites.FOLDER) for path in suites.FOLDER.rglob("*.py")}
    assert files <= {suites.path_of(name).relative_to(suites.FOLDER) for name in suites.names()}


def test_suites_hold_what_is_particular_and_no_more():
    """What a declaration says is not said again: 2,200 lines are more than the rest needs."""
    assert sum(len(path.read_text().splitlines()) for path in suites.FOLDER.rglob("*.py")) <= 2200


@pytest.mark.parametrize("table", [table for table in TABLES.values() if table.schema], ids=lambda table: table.name)
def test_every_column_has_a_rule(table, demo_findings):
    """A column without a rule may hold anything."""
    ruled = {column for each in demo_findings if each.suite == table.name for column in each.column.split(", ")}
    assert set(table.schema) - ruled == set()


def test_every_detector_is_used_by_a_suite():
    """One that no suite uses finds nothing in anybody's data."""
    package = Path(quality.__file__).parent
    files = [*suites.FOLDER.rglob("*.py"), *package.glob("*.py")]
    used = {word for path in files for word in re.findall(r"\w+", path.read_text())}
    nodes = [node for path in (package / "detectors").glob("*.py") for node in ast.parse(path.read_text()).body]
    shared = {alias.name for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names}
    used |= shared  # what several detectors have in common
    offered = {node.name for node in nodes if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")}
    assert offered - used == set()


def test_the_other_tables_a_suite_needs_are_known(detectors):
    """One table checked alone brings along what it cannot be checked without."""
    for name, of_suite in detectors.items():
        if name != CROSS_STORE:
            other_tables = {table for detector in of_suite for table in detector.needs} - {name}
            assert other_tables == set(NEEDED_WITH.get(name, ()))


def test_every_rule_has_a_weight_and_a_reason(demo_findings):
    """The reason begins with the damage: a sentence, and not the rule said again."""
    for each in demo_findings:
        assert each.severity in {"critical", "warning", "info"}
        assert re.match(r"[A-Z].{15,}\.$", each.notes), each


def test_a_rule_has_one_name(demo_findings):
    """History is kept by name, so two rules of a suite cannot share one."""
    assert [
        pair for pair, times in Counter((each.suite, each.rule) for each in demo_findings).items() if times > 1
    ] == []


def test_no_rule_falls_over(demo_findings):
    """Every rule could be put to the engine, so none is skipped."""
    assert [each for each in demo_findings if each.outcome == "error"] == []


def test_the_demo_is_fit_to_print(demo_findings):
    """The story is coherent: nothing in it stops a report."""
    assert [each for each in demo_findings if each.stops] == []
    quality.gate(demo_findings)


def test_what_was_planted_in_the_demo_is_found(demo_findings):
    """A portfolio with a gap of nine days is in it on purpose."""
    found = {(each.suite, each.rule): each for each in demo_findings if each.outcome == "failed"}
    assert "9 missing" in found["portfolio_snapshots", "no_gap(timestamp)"].observed


HEAD = """
from great_expectations import ExpectationSuite
from great_expectations.expectations import ExpectColumnValuesToNotBeNull as NotNull
"""
NO_SUCH_COLUMN = "SUITE = ExpectationSuite('assets', [NotNull(column='symbl', severity='critical', notes='It hurts.')])"
NO_REASON = "SUITE = ExpectationSuite('assets', [NotNull(column='symbol', severity='critical')])"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        pytest.param("SUITE = 1 / 0", "ZeroDivisionError", id="does not run"),
        pytest.param("PROMISES = []", "SUITE", id="holds no suite"),
        pytest.param(HEAD + "SUITE = ExpectationSuite('users')", "names its suite", id="another table's"),
        pytest.param(HEAD + NO_SUCH_COLUMN, "symbl", id="a column nobody has"),
        pytest.param(HEAD + NO_REASON, "notes", id="a rule without its reason"),
    ],
)
def test_a_broken_suite_is_an_error_of_its_own(text, word, tmp_path, demo):
    """A suite that cannot be read checks nothing, and must not look like one that passed."""
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "assets.py").write_text(text)
    with pytest.raises(SuiteError, match=word):
        quality.validate(demo, tables=["assets"], suites_in=tmp_path)


def test_an_absent_suite_is_an_error_of_its_own(tmp_path, demo):
    """A deleted file is not a table without faults."""
    with pytest.raises(SuiteError, match="absent"):
        quality.validate(demo, tables=["assets"], suites_in=tmp_path)


def test_an_unknown_table_is_a_question_that_cannot_be_answered(demo):
    """A misspelt table is not a table without faults."""
    with pytest.raises(UsageError, match="asets"):
        quality.validate(demo, tables=["asets"])
