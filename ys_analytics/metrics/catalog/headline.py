"""The dozen numbers on the first page of every report.

Printing facts only: what a metric is, the function it names says.
"""

from ys_analytics.metrics import drawdown, performance, risk
from ys_analytics.metrics.annual import MINIMUM_DAYS
from ys_analytics.metrics.catalog.metric import Metric

TOTAL_RETURN = Metric(
    name="total_return",
    title="Total return",
    unit="fraction",
    formula=r"\prod_t (1 + r_t) - 1",
    better="higher",
    minimum=1,
    undefined="a return is below -100 %",
    source="Bacon (2008), ch. 3",
    why="Factsheets link daily returns with flows taken out, so that money paid in is no gain.",
    basis="linked",
    of=lambda s: performance.total_return(s.ret),
)
CAGR = Metric(
    name="cagr",
    title="Compound annual growth",
    unit="fraction per year",
    formula=r"\Big(\prod_t (1 + r_t)\Big)^{365/d} - 1",
    better="higher",
    minimum=MINIMUM_DAYS,
    undefined="a return is below -100 %, or the growth overflows",
    source="GIPS Standards (2020), by elapsed time",
    why="Investors compare returns per year of the calendar; a count of returns would annualise too much "
    "where days are missing.",
    basis="linked",
    of=lambda s: performance.cagr(s.ret, day=s.day, days=s.days),
)
VOLATILITY = Metric(
    name="volatility",
    title="Volatility",
    unit="fraction per year",
    formula=r"\sqrt{N}\,\operatorname{std}(r)",
    better="lower",
    minimum=MINIMUM_DAYS,
    undefined="the returns overflow",
    source="Bacon (2008), ch. 4",
    why="Factsheets print the sample deviation times the root of periods per year; 365, because these "
    "markets never close.",
    of=lambda s: performance.volatility(s.daily, periods_per_year=s.periods_per_year),
)
SHARPE_RATIO = Metric(
    name="sharpe_ratio",
    title="Sharpe ratio",
    unit="ratio",
    formula=r"\sqrt{N}\,\frac{\operatorname{mean}(r - f)}{\operatorname{std}(r - f)}",
    better="higher",
    minimum=MINIMUM_DAYS,
    undefined="the returns do not vary",
    source="Sharpe (1994), J. Portfolio Management 21(1)",
    why="The arithmetic mean of excess returns over their sample deviation, annualised by a root, is the "
    "ratio of Sharpe (1994) that factsheets print.",
    of=lambda s: performance.sharpe_ratio(s.daily, periods_per_year=s.periods_per_year, risk_free=s.risk_free),
)
SORTINO_RATIO = Metric(
    name="sortino_ratio",
    title="Sortino ratio",
    unit="ratio",
    formula=r"\sqrt{N}\,\frac{\operatorname{mean}(r) - f}{\sqrt{\operatorname{mean}(\min(r - f, 0)^2)}}",
    better="higher",
    minimum=MINIMUM_DAYS,
    undefined="no return is below the target",
    source="Sortino and Price (1994), J. of Investing 3(3)",
    why="Downside deviation over all days, not only the losing ones, is Sortino's own definition and that of "
    "most factsheets.",
    of=lambda s: performance.sortino_ratio(s.daily, periods_per_year=s.periods_per_year, target=s.risk_free),
)
MAX_DRAWDOWN = Metric(
    name="max_drawdown",
    title="Maximum drawdown",
    unit="fraction",
    formula=r"\min_t \Big(\frac{W_t}{\max(1, \max_{s \le t} W_s)} - 1\Big)",
    better="higher",
    minimum=1,
    undefined="a return is below -100 %",
    source="Magdon-Ismail and Atiya (2004), Risk 17(10)",
    why="The largest fall at daily closes since inception, the start counted as a peak, is what a limit on "
    "losses is set against.",
    basis="linked",
    of=lambda s: drawdown.max_drawdown(s.ret, depth=s.depth),
    at=lambda s: drawdown.trough_date(s.ret, day=s.day, depth=s.depth),
    since=lambda s: drawdown.peak_date(s.ret, day=s.day, days=s.days, depth=s.depth),
    until=lambda s: drawdown.recovery_date(s.ret, day=s.day, depth=s.depth),
)
CALMAR_RATIO = Metric(
    name="calmar_ratio",
    title="Calmar ratio",
    unit="ratio",
    formula=r"G / |D_{\max}|",
    better="higher",
    minimum=MINIMUM_DAYS,
    undefined="the value never fell, or a return is below -100 %",
    source="Young (1991), Futures 20(1)",
    why="Growth per year over the deepest fall of the whole record; Young used 36 months, and young "
    "portfolios have less.",
    basis="linked",
    of=lambda s: performance.calmar_ratio(s.ret, growth=performance.cagr(s.ret, day=s.day, days=s.days), depth=s.depth),
)
VALUE_AT_RISK = Metric(
    name="value_at_risk",
    title="Value at risk 95 %, one day, historical",
    unit="fraction",
    formula=r"-Q_{0.05}(r)",
    better="lower",
    minimum=MINIMUM_DAYS,
    undefined="there is no return",
    source="Jorion (2006), ch. 5",
    why="Historical simulation at 95 % over one day assumes no distribution, and is the platform's own convention.",
    of=lambda s: risk.value_at_risk(s.daily, confidence=s.confidence),
)
EXPECTED_SHORTFALL = Metric(
    name="expected_shortfall",
    title="Expected shortfall 95 %, one day, historical",
    unit="fraction",
    formula=r"-\operatorname{mean}(r_t : r_t \le Q_{0.05}(r))",
    better="lower",
    minimum=MINIMUM_DAYS,
    undefined="there is no return",
    source="Acerbi and Tasche (2002), J. Banking and Finance 26",
    why="The mean loss at or beyond the historical quantile is what regulators mean by expected shortfall.",
    of=lambda s: risk.expected_shortfall(s.daily, confidence=s.confidence),
)
BEST_DAY = Metric(
    name="best_day",
    title="Best day",
    unit="fraction",
    formula=r"\max_t r_t",
    better="higher",
    minimum=1,
    undefined="there is no return",
    source="Bacon (2008), ch. 4",
    why="The best single day is quoted as it was, and a return over several days is not one.",
    of=lambda s: performance.best_day(s.daily),
    at=lambda s: performance.best_day_date(s.daily, day=s.day),
)
WORST_DAY = Metric(
    name="worst_day",
    title="Worst day",
    unit="fraction",
    formula=r"\min_t r_t",
    better="higher",
    minimum=1,
    undefined="there is no return",
    source="Bacon (2008), ch. 4",
    why="The worst single day is quoted as it was, and a return over several days is not one.",
    of=lambda s: performance.worst_day(s.daily),
    at=lambda s: performance.worst_day_date(s.daily, day=s.day),
)
WIN_RATE = Metric(
    name="win_rate",
    title="Winning days",
    unit="share",
    formula=r"\#\{t : r_t > 0\} / n",
    better="higher",
    minimum=1,
    undefined="there is no return",
    source="Bacon (2008), ch. 4",
    why="The share of all days, with those that did not move counted as no win, is what a batting average is of.",
    of=lambda s: performance.win_rate(s.daily),
)

HEADLINE: tuple[Metric, ...] = (
    TOTAL_RETURN,
    CAGR,
    VOLATILITY,
    SHARPE_RATIO,
    SORTINO_RATIO,
    MAX_DRAWDOWN,
    CALMAR_RATIO,
    VALUE_AT_RISK,
    EXPECTED_SHORTFALL,
    BEST_DAY,
    WORST_DAY,
    WIN_RATE,
)
