"""`%%ys` in a cell, and Tab: the frame of `ys.sql`, under a name, and names that complete."""

from datetime import UTC, datetime

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

import ys_analytics as ys
from ys_analytics import demo, frames, notebook
from ys_analytics.errors import UsageError
from ys_analytics.schemas import TABLES


@pytest.fixture(scope="module")
def run(stores, tmp_path_factory):
    """A small economy's assets and prices, frozen."""
    demo.fill(stores, portfolios=1, days=30, seed=7, replace=True)
    out, as_of = tmp_path_factory.mktemp("out"), datetime(2026, 11, 27, tzinfo=UTC)
    return frames.freeze(stores, week="2026-W47", out=out, as_of=as_of, tables=["assets", "market_data"]).folder


@pytest.fixture
def shell():
    """An IPython of its own, with the extension loaded twice, as a notebook that imports and loads does."""
    made = InteractiveShell()
    made.user_ns["ys"] = ys
    ys.load_ipython_extension(made)
    ys.load_ipython_extension(made)
    return made


def test_a_cell_gives_the_frame_of_sql_under_a_name(shell, run):
    """Joined, of a run, as the last value of the cell and as a variable; a line asks too."""
    query = "SELECT symbol, max(price) AS p FROM ch.market_data JOIN pg.assets ON id = asset_id GROUP BY ALL ORDER BY 1"
    done = shell.run_cell(f"%%ys highest --run {run}\n{query}")
    assert done.success, done.error_in_exec
    expected = ys.sql(query, run=run)
    assert expected.height
    assert shell.user_ns["highest"].equals(expected)
    assert done.result.equals(expected)
    assert shell.run_cell("%ys SHOW TABLES").result.height == len([t for t in TABLES.values() if t.schema])


def test_a_cell_that_is_wrong_says_so_in_one_line(shell, run):
    """DuckDB's hint comes through, and an option that is none is named."""
    for cell, said in (
        (f"%%ys --run {run}\nSELECT simbol FROM pg.assets", '"symbol"'),
        (f"%%ys --run {run}\nSELECT 1; SELECT 2", "2 statements in one text"),
        ("%%ys --weeks 2026-W47\nSELECT 1", "'--weeks' is not understood"),
        ("%%ys --week\nSELECT 1", "--week needs a value"),
    ):
        error = shell.run_cell(cell, silent=True).error_in_exec
        assert isinstance(error, UsageError), cell
        assert said in str(error)
        assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("cell", "offered", "not_offered"),
    [
        ("ys.load('redis_price_c", {"redis_price_current"}, {"assets"}),
        ('rows = ys.load("', {"assets", "market_data"}, {"redis_session_user", "pg.assets"}),
        ("ys.similar('", {"trading_patterns", "market_sentiment"}, {"assets"}),
        ("ys.fleet(by='", {"sharpe_ratio", "value"}, {"beta"}),
        ("ys.metrics.summarise(frame, ['sharpe_ratio', 'tot", {"total_return"}, {"sharpe_ratio"}),
        ("%%ys\nSELECT * FROM pg.as", {"pg.assets"}, {"assets"}),
        ("%%ys prices --week 2026-W47\nSELECT m.pri FROM ch.market_data AS m",
         {"m.price", "m.price_change_24h"}, {"m.source"}),
        ("%%ys\nSELECT symb FROM pg.assets", {"symbol"}, {"name"}),
        ("ys.sql('SELECT * FROM qdrant.mark", {"qdrant.market_sentiment"}, set()),
        ("%%ys\nSELECT ema FROM pg.users", set(), {"email"}),
    ],
)  # fmt: skip
def test_names_of_tables_and_columns_are_completed(shell, cell, offered, not_offered):
    """After `ys.load('`, in a cell and in a query's text: tables, and columns of the tables that are named."""
    at = next(
        (cell.index(stop) + len(stop) for stop in ("m.pri", "symb", "ema") if f"SELECT {stop} " in cell), len(cell)
    )
    with provisionalcompleter():
        found = {each.text for each in shell.Completer.completions(cell, at)}
    assert offered <= found
    assert not not_offered & found


def test_other_cells_are_left_alone():
    """Where no table is being written, nothing of ours is offered."""
    for cell in ("x = 1", "other.load('a", "import os; os.lo", "print('SELECT pr"):
        assert notebook.completions(cell, cell, {"ys": ys}) is None
