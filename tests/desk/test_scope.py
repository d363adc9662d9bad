"""A portfolio, a week and a table mean one thing everywhere; a name that names nothing is an error with near ones."""

import inspect
import re
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

import ys_analytics as ys
from ys_analytics import demo, frames
from ys_analytics.desk import Desk
from ys_analytics.desk.sources import Live
from ys_analytics.errors import UsageError
from ys_analytics.schemas import Span

WEEK, OLDER = "2026-W47", "2026-W45"
TABLES = ("users", "assets", "portfolios", "portfolio_positions", "transactions", "portfolio_snapshots")


@pytest.fixture(scope="module")
def run(stores, tmp_path_factory):
    """The folder of a run of nine portfolios."""
    demo.fill(stores, portfolios=9, days=60, seed=5, replace=True)
    out = tmp_path_factory.mktemp("scope")
    return frames.freeze(stores, week=WEEK, out=out, as_of=datetime(2026, 11, 27, tzinfo=UTC), tables=TABLES).folder


def mine(run, name="Harbour Income"):
    """The id of a portfolio, by its whole name."""
    return ys.load("portfolios", run=run).filter(pl.col("name") == name)["id"].item()


def test_a_portfolio_is_meant_by_name_or_id(run):
    """`ys.load` takes what `ys load` and `ys.open` take, and gives the same rows."""
    own = mine(run)
    expected = ys.load("transactions", run=run).filter(pl.col("portfolio_id") == own)
    assert expected.height > 10
    for said in (own, own.upper(), "Harbour Income", "harbour"):
        assert ys.load("transactions", run=run, portfolio=said).equals(expected)
        assert ys.open(run, portfolio_id=said).load("transactions").equals(expected)


def test_a_week_is_its_own_rows_and_until_is_all_before_its_end(run, settings, analyst):  # noqa: ARG001 - the role
    """Frozen and live, in frames and in SQL; a table without time comes whole."""
    rows, span = ys.load("transactions", run=run), Span.week(OLDER)
    inside, before = (rows.filter(one.contains("timestamp")) for one in (span, Span.until(span.end)))
    assert 0 < inside.height < before.height < rows.height
    count = "SELECT count(*) AS n FROM transactions"
    for words, expected in (({"week": OLDER}, inside), ({"until": OLDER}, before), ({}, rows)):
        assert ys.load("transactions", run=run, **words).equals(expected)
        assert ys.sql(count, run=run, **words)["n"].to_list() == [expected.height]
        live = Live(settings, Span.of_week_or_until(**words))
        assert live.rows("transactions").equals(expected)
        assert live.sql(count)["n"].to_list() == [expected.height]
    assert ys.load("assets", run=run, week=OLDER).equals(ys.load("assets", run=run))


def test_a_desk_asks_its_own_rows_and_the_fleet_is_asked_without_one(run, settings, analyst):  # noqa: ARG001 - the role
    """`desk.sql` is to `desk.load` what `ys.sql` is to `ys.load`."""
    count = "SELECT count(*) AS n FROM transactions"
    desk = ys.open(run, portfolio_id="Harbour Income")
    assert desk.sql(count)["n"].item() == desk.load("transactions").height
    assert ys.sql(count, run=run)["n"].item() == ys.load("transactions", run=run).height
    assert desk.sql("SELECT name FROM portfolios")["name"].to_list() == ["Harbour Income"]
    assert Live(settings).sql(count, portfolio=desk.id)["n"].item() == desk.load("transactions").height


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda run: ys.load("transaktions", run=run), "no table is called 'transaktions'; did you mean transactions"),
        (lambda run: ys.load("market_data", run=run), "no table in the run of 2026-W47 is called 'market_data'"),
        (lambda run: ys.load("transactions", run=run, portfolio="Harbor Income"),
         "no portfolio is called 'Harbor Income'; did you mean Harbour Income?"),
        (lambda run: ys.open(run, portfolio_id="Harbor Incme").id, "did you mean Harbour Income?"),
        (lambda run: ys.load("transactions", run=run, portfolio="zzzz"), "`ys load portfolios` lists them"),
        (lambda run: ys.load("transactions", run=run, week="2026-47"), "write an ISO week like 2026-W47"),
        (lambda run: ys.load("transactions", run=run, week="2026-W54"), "week '2026-W54'"),
        (lambda run: ys.load("transactions", run=run, week=OLDER, until=WEEK), "choose one"),
        (lambda run: ys.load("transactions", run=run, week="2026-W48"), "holds nothing after 2026-W47"),
        (lambda run: ys.open(run, week=OLDER), "is of 2026-W47, not of 2026-W45"),
        (lambda run: ys.sql("SELECT simbol FROM assets", run=run), '"symbol"'),
        (lambda run: ys.open(run, portfolio_id=2026), "portfolio_id 2026 is of type int, not text"),
        (lambda run: ys.open(run, portfolio_id=True), "portfolio_id True is of type bool"),
        (lambda run: ys.open(run, portfolio_id=None), "portfolio_id None is of type NoneType"),
        (lambda run: ys.open(run, portfolio_id=1e5), "portfolio_id 100000.0 is of type float"),
        (lambda run: ys.open(run, week=202647), "202647 is of type int, not text; write it as text, such as '2026"),
        (lambda run: ys.open(47), "run 47 is of type int"),  # noqa: ARG005 - no run at all
        (lambda run: ys.load("transactions", run=run, portfolio=2026), "portfolio 2026 is of type int"),
        (lambda run: ys.load("transactions", run=run, week=47), "week 47 is of type int"),
        (lambda run: ys.load(7, run=run), "name 7 is of type int"),
        (lambda run: ys.sql(7, run=run), "query 7 is of type int"),
    ],
)  # fmt: skip
def test_what_names_nothing_is_one_line_with_near_names(run, ask, said):
    """Never no rows, and never a traceback of ours: the line says what was written and what may be meant."""
    with pytest.raises(UsageError) as refused:
        ask(run)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_notebook_shows_the_line_and_no_traceback():
    """IPython asks an error how it is shown."""
    assert UsageError("no such week")._render_traceback_() == ["UsageError: no such week"]


def test_a_missing_run_names_the_runs_there_are(run):
    """Which weeks can be opened instead stands in the same line."""
    from ys_analytics.errors import RunError

    with pytest.raises(RunError, match=r"there is no run; .*there are runs of 2026-W47"):
        ys.open(Path(run).parent / "2026-W46")


def test_the_index_of_the_desk_names_each_verb():
    """The docstring of `Desk` lists its verbs by file: each public name is there."""
    listed = set()
    for subject in re.split(r"^- ", (inspect.getdoc(Desk) or "").partition("Attributes:")[0], flags=re.MULTILINE)[1:]:
        listed |= set(re.findall(r"\b[a-z_]+\b", subject.partition(": ")[2]))
    public = {name for name in dir(Desk) if not name.startswith("_")}
    assert public <= listed, sorted(public - listed)
