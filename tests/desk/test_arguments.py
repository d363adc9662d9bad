"""An argument that a verb does not take is one line, before anything is read."""

import inspect
from datetime import date

import numpy as np
import polars as pl
import pytest

import ys_analytics as ys
from ys_analytics.desk import Desk
from ys_analytics.errors import UsageError
from ys_analytics.schemas.arguments import checked

# A desk for which nothing was looked up: a verb that reads before it looks at its arguments fails otherwise.
DESK = Desk.__new__(Desk)
FRAME = pl.DataFrame({"portfolio_id": ["a"], "day": [date(2026, 11, 22)], "ret": [0.1]})


def test_every_verb_with_arguments_checks_them():
    """No verb of a desk takes an argument unseen."""
    public = {name: verb for name, verb in inspect.getmembers(Desk, inspect.isfunction) if not name.startswith("_")}
    taking = {name: verb for name, verb in public.items() if len(inspect.signature(verb).parameters) > 1}
    assert {"lots", "shock", "benchmark", "sql"} <= set(taking)
    assert [name for name, verb in taking.items() if not hasattr(verb, "__wrapped__")] == []


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: DESK.lots(matching="HIFO"), "lots: matching 'HIFO'; did you mean hifo? There is fifo, lifo, hifo"),
        (lambda: DESK.gains(matching="oldest"), "gains: matching 'oldest'; choose one of fifo, lifo, hifo, average"),
        (lambda: DESK.lots("hifo"), "lots takes matching, year by name, as in lots(matching=...)"),
        (lambda: DESK.lots(yaer=2026), "lots takes no 'yaer'; did you mean year?"),
        (lambda: DESK.lots(year="2026"), "lots: year '2026' is of type str; it takes a whole number of at least 1"),
        (lambda: DESK.brinson(since="year"), "brinson: since 'year'; choose one of week, inception"),
        (lambda: DESK.transactions(since="month"), "transactions: since 'month'; choose one of week, inception"),
        (lambda: DESK.gas(by="day"), "gas: by 'day'; choose one of status, month, protocol, chain"),
        (lambda: DESK.attribution("assets"), "attribution: by 'assets'; did you mean asset? There is asset, kind"),
        (lambda: DESK.flows(week="2026-W46"), "flows: week '2026-W46' is of type str; it takes True or False"),
        (lambda: DESK.drawdowns(top=-1), "drawdowns: top -1; it takes a whole number of at least 1"),
        (lambda: DESK.rolling(days=True), "rolling: days True; it takes a whole number of at least 1"),
        (lambda: DESK.rolling_beta(days=0), "rolling_beta: days 0; it takes a whole number of at least 1"),
        (lambda: DESK.benchmark(3), "benchmark: against 3; it takes text or a DataFrame"),
        (lambda: DESK.shock("ETH"), "shock: moves 'ETH' is of type str; it takes numbers by name, such as {'"),
        (lambda: DESK.shock({"ETH": "-40%"}), "shock: moves {'ETH': '-40%'}; it takes numbers by name"),
        (DESK.shock, "shock: missing a required argument: 'moves'"),
        (lambda: DESK.warnings("market_dat"), "no table is called 'market_dat'; did you mean market_data or"),
        (lambda: DESK.sql(3), "sql: query 3; it takes text"),
        (lambda: ys.fleet(top="3"), "fleet: top '3' is of type str; it takes a whole number of at least 1 or None"),
        (lambda: ys.similar("trading_patterns", to=3), "similar: to 3; it takes text or a list of numbers"),
        (lambda: ys.similar("trading_patterns", to=[1.0], where="1d"), "similar: where '1d' is of type str; it takes"),
        (lambda: ys.metrics.aggregate_returns(FRAME, every="weeks"),
         "aggregate_returns: every 'weeks'; did you mean week? There is week, month, quarter, year"),
        (lambda: ys.metrics.rolling(FRAME, window="30"), "rolling: window '30' is of type str; it takes a whole"),
        (lambda: ys.metrics.drawdowns(FRAME["ret"]), "drawdowns: returns is of type Series; it takes a DataFrame or"),
        (lambda: ys.metrics.trailing_returns(FRAME, until="2026-11-22"),
         "trailing_returns: until '2026-11-22' is of type str; it takes a date"),
        (lambda: ys.nearest_liquidations(top=0), "nearest_liquidations: top 0; it takes a whole number of at least 1"),
    ],
)  # fmt: skip
def test_a_wrong_argument_is_one_line(ask, said):
    """Which verb, which argument, what was given and what it takes."""
    with pytest.raises(UsageError) as refused:
        ask()
    assert str(refused.value).startswith(said)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("kind", [int, np.int64, np.int32, np.uint8])
def test_a_whole_number_is_one_whatever_library_it_comes_from(kind):
    """As an analyst's frame gives it; zero is refused from each of them."""

    @checked
    def largest(*, top: int = 5, days: int | None = None) -> tuple[int, int | None]:
        return top, days

    assert largest(top=kind(3), days=kind(7)) == (3, 7)
    with pytest.raises(UsageError, match="top"):
        largest(top=kind(0))


@pytest.mark.parametrize("value", [True, np.bool_(1), 3.0, np.float64(3), "3"])
def test_what_is_no_whole_number_is_refused(value):
    """A truth, a fraction and a text are something else."""

    @checked
    def largest(*, top: int = 5) -> int:
        return top

    with pytest.raises(UsageError, match="it takes a whole number of at least 1"):
        largest(top=value)
