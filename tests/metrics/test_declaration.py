"""A metric is declared once, next to its function: everything that prints it reads that declaration."""

import ast
import pydoc
import re
import subprocess
import sys
from html import unescape
from importlib import import_module
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from ys_analytics import metrics
from ys_analytics.cli import app
from ys_analytics.desk.provenance import glossary
from ys_analytics.metrics import ALL, METRICS, catalog
from ys_analytics.metrics.declaration import declared_metrics, metric
from ys_analytics.views.formula import mathml
from ys_analytics.views.tables.provenance import glossary as glossary_table

ROOM = Path(metrics.__file__).parent


def written() -> dict[str, tuple[str, str, str]]:
    """Module, function and docstring of each decorated function, by metric, read from the source files."""
    found = {}
    for path in ROOM.rglob("*.py"):
        module = ".".join(["ys_analytics.metrics", *path.relative_to(ROOM).with_suffix("").parts])
        for node in ast.parse(path.read_text()).body:
            for one in getattr(node, "decorator_list", []):
                if isinstance(one, ast.Call) and getattr(one.func, "id", "") == "metric":
                    given = {keyword.arg: keyword.value for keyword in one.keywords}
                    name = given["name"].value if "name" in given else node.name
                    found[name] = (module, node.name, " ".join(ast.get_docstring(node).split()))
    return found


WRITTEN = written()


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)
def test_formula_and_source_are_those_of_the_docstring(metric):
    """What the catalogue prints as formula and source stands in the docstring of the function, word for word."""
    module, _, doc = WRITTEN[metric.name]
    assert metric.module == module
    displayed = doc.split("$$")[1]
    assert metric.formula in displayed.split(r"\quad\text{or}\quad") or f" {metric.formula} " in displayed
    section = re.split(r">>>|In the catalogue", doc.split("Source: ")[1])[0].strip().removesuffix(".")
    assert metric.source.lower() in section.lower().split("; ") or metric.source == section


def test_the_page_prints_the_formula_of_the_docstring():
    """The glossary of the report is made of the docstrings' formulas, set as MathML and nothing else."""
    rows = {row["title"]: row for row in glossary().iter_rows(named=True)}
    assert list(rows) == [one.title for one in catalog.HEADLINE]
    page = unescape(glossary_table(glossary()).to_html())
    for one in catalog.HEADLINE:
        displayed = WRITTEN[one.name][2].split("$$")[1].split(r"\quad\text{or}\quad")[0].strip()
        assert rows[one.title]["formula"] == displayed
        assert rows[one.title]["source"] == one.source
        assert unescape(mathml(displayed)) in page, one.name


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)
def test_every_formula_can_be_set(metric):
    """No word of a formula is unknown to the typesetter, which would print it as letters."""
    set_formula = mathml(metric.formula)
    assert set_formula.startswith("<math ")
    assert "\\" not in set_formula


def test_every_declaration_is_in_the_catalogue():
    """A decorated function needs no second list: it is in the catalogue, once."""
    assert set(METRICS) == set(WRITTEN) == {one.name for one in declared_metrics(metrics)}
    parts = (catalog.HEADLINE, catalog.PERFORMANCE, catalog.DRAWDOWNS, catalog.RISK, catalog.BENCHMARK)
    assert [one.name for part in parts for one in part] == [one.name for one in ALL]
    assert all(parts)


def test_titles_stand_in_one_file():
    """The title of a metric is written next to its function and in no other file of the room."""
    texts = {path: path.read_text() for path in ROOM.rglob("*.py")}
    for one in ALL:
        where = [path for path, text in texts.items() if f'title="{one.title}"' in text]
        assert [path.relative_to(ROOM).with_suffix("").parts for path in where] == [tuple(one.module.split(".")[2:])]


@pytest.mark.parametrize("name", ["sharpe_ratio", "value_at_risk_cornish_fisher", "best_week", "beta"])
def test_help_and_the_command_read_the_declaration(name):
    """`help()` of the function and `ys metrics NAME` give title, direction, minimum and reason of the declaration."""
    one, (module, function, _) = METRICS[name], WRITTEN[name]
    help_text = pydoc.render_doc(getattr(import_module(module), function), renderer=pydoc.plaintext)
    printed = CliRunner().invoke(app, ["metrics", name]).output
    good = "neither way" if one.direction == "neither" else f"{one.direction} is better"
    for fact in (one.name, one.title, good, one.null_reason):
        assert fact in help_text
    for fact in (one.title, one.formula, one.direction, str(one.minimum), one.null_reason, one.source):
        assert fact in " ".join(printed.split()), fact


FACTS = {
    "title": "None",
    "unit": "ratio",
    "direction": "higher",
    "minimum": 1,
    "null_reason": "never",
    "why": "It is a test.",
    "of": lambda f, s: f(s.ret),
}


@pytest.mark.parametrize(
    ("doc", "given", "said"),
    [
        pytest.param("Sum.\n\nSource:\n    Nobody.\n", {}, "no display formula 1", id="no formula"),
        pytest.param("Sum.\n\n$$ x $$\n", {}, 'no "Source:"', id="no source"),
        pytest.param(
            "Sum.\n\n$$ x $$\n\nSource:\n    A; b.\n",
            {"alternative": 1},
            "no display formula 2",
            id="no second formula",
        ),
        pytest.param("Sum.\n\n$$ x $$\n\nSource:\n    A; b.\n", {"cites": "C"}, "begins with C", id="no such citation"),
        pytest.param(
            "Sum.\n\n$$ x $$\n\nSource:\n    A.\n", {"name": "beta"}, "declared twice", id="a name that is taken"
        ),
        pytest.param(None, {}, "no display formula 1", id="no docstring"),
    ],
)
def test_a_declaration_that_lacks_something_is_refused(doc, given, said):
    """The error names the metric and what its docstring lacks; the catalogue is as it was."""

    def nothing(ret: pl.Expr) -> pl.Expr:
        return ret

    nothing.__doc__ = doc
    before = declared_metrics(metrics)
    with pytest.raises(ValueError, match=f"metric {given.get('name', 'nothing')}: .*{said}"):
        metric(**FACTS | given)(nothing)
    assert declared_metrics(metrics) == before


def test_declarations_do_not_need_docstrings_at_run_time():
    """Under `python -OO`, which strips docstrings, the catalogue has the same formulas and sources."""
    program = "from ys_analytics.metrics import ALL; print([(one.name, one.formula, one.source) for one in ALL])"
    done = subprocess.run([sys.executable, "-OO", "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert ast.literal_eval(done.stdout) == [(one.name, one.formula, one.source) for one in ALL]


def test_a_module_that_is_executed_again_declares_the_same_metrics():
    """A reload, or pytest that imports one file twice, changes no declaration and is no second one."""
    program = (
        "import importlib; from ys_analytics import metrics; "
        "from ys_analytics.metrics.declaration import declared_metrics; "
        "facts = lambda: [(one.name, one.formula, one.source) for one in declared_metrics(metrics)]; before = facts(); "
        "importlib.reload(metrics.risk.dispersion); assert facts() == before; print(len(before))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) == len(metrics.ALL)
