"""Numbers of one report that mean the same thing on several pages, read out of its data JSONs.

Each meaning lists where it stands; all that stand there must be equal. Rows that carry the same label over the same
window are such numbers too, and are found by walking the tables.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from .comparing import Sized, same
from .pages import ViewData
from .plain_holdings import tolerance
from .plain_returns import linked

Number = Decimal | float | int | None


@dataclass
class Sheets:
    """The views of one report, by title."""

    views_data: dict[str, ViewData]
    monday: date

    def rows(self, title: str) -> list[dict[str, Any]]:
        """Rows of a view as mappings; none where it is refused or says a sentence."""
        view_data = self.views_data.get(title)
        return [dict(zip(view_data.names, row, strict=True)) for row in view_data.raw["rows"]] if view_data else []

    def one(self, title: str, label: str, column: str) -> Number:
        """The number in a row that begins with a label, or with one and a date."""
        for row in self.rows(title):
            first = str(next(iter(row.values())))
            if first == label or first.startswith(f"{label}, "):
                return number(row[column])
        return None

    def column(self, title: str, name: str) -> list[Number]:
        """The numbers of a column."""
        return [number(row[name]) for row in self.rows(title)]

    def in_week(self, text: str | None) -> bool:
        """Whether a day or moment is in the week."""
        return text is not None and self.monday <= date.fromisoformat(text[:10]) < self.monday + timedelta(days=7)


def number(value: Any) -> Number:
    """A data JSON's value; decimals stand as text."""
    return Decimal(value) if isinstance(value, str) and value.lstrip("-").replace(".", "", 1).isdigit() else value


def total(numbers: Iterable[Number]) -> Number:
    """A sum, unknown where a part is."""
    listed = list(numbers)
    return None if None in listed else sum(listed, Decimal(0)) if all(isinstance(n, Decimal) for n in listed) else sum(
        map(float, listed)
    )  # fmt: skip


FRONT, VALUE, WEEK = "The week in numbers", "Net value and external flows", "Return of each day of the week"
METRICS, BRIDGE, GROWTH = "The week and since inception", "From opening to closing value", "Return since inception"
UNDER, FALLS, SURE = "Distance from the peak", "Deepest falls from a peak", "Confidence intervals since inception"
MONEY, DONE, FLOWS = (
    "Money-weighted and time-weighted return", "Transactions of the week", "External flows of the week",
)  # fmt: skip
GAS, RULES, CLAIMS = "Cost of gas", "Flow classification", "The platform's figures and ours"
BINS, TAILS, TEST = (
    "Distribution of daily returns", "Each day against the value at risk stated the day before",
    "Backtest of the platform's value at risk",
)  # fmt: skip
HELD, PARTS, SHOCKS = "Positions", "Where the net value is", "Price shocks to the positions at the end of the week"
RISK, NEAR, HOW_NEAR = "Where value at risk comes from", "Distance to liquidation", "Distance to liquidation by source"
ALERTS, EVER_ALERTS = "Alerts of the week, and older ones still open", "Alerts of the last 13 weeks"
SUITES, BROKEN, MONTHS = "Checks by table", "Checks that failed", "Return of each month, per cent"

Standing = Iterator[tuple[str, Number]]


def front(s: Sheets, name: str) -> Number:
    """A number of the front page."""
    rows = s.rows(FRONT)
    return number(rows[0][name]) if rows else None


def bridge(s: Sheets, term: str) -> Number:
    """A term of the bridge, where it spans the week: without a snapshot on eve or Sunday it spans other days."""
    rows = s.rows(BRIDGE)
    eve, sunday = (_day(s.monday + timedelta(days=days)) for days in (-1, 6))
    spans = any(row["title"].startswith(f"Closing value, {sunday}") for row in rows)
    return s.one(BRIDGE, term, "amount") if spans and rows[0]["title"].startswith(f"Opening value, {eve}") else None


def _day(day: date) -> str:
    return f"{day.day}\N{NO-BREAK SPACE}{day:%b}\N{NO-BREAK SPACE}{day.year}"


def net_value(s: Sheets) -> Standing:
    """The portfolio's worth at the week's last close."""
    yield FRONT, front(s, "value")
    yield VALUE, (s.column(VALUE, "value") or [None])[-1]
    last = [number(row["value"]) for row in s.rows(WEEK) if row["value"] is not None]
    if last:
        yield WEEK, last[-1]
    if bridge(s, "Closing value") is not None:
        yield BRIDGE, bridge(s, "Closing value")


def positions(s: Sheets) -> Standing:
    """The worth of all positions."""
    if s.rows(HELD):
        yield HELD, total(s.column(HELD, "value"))
        for view in dict.fromkeys(row["view"] for row in s.rows(PARTS)):
            yield f"{PARTS}, by {view}", total(number(r["value"]) for r in s.rows(PARTS) if r["view"] == view)


def shares(s: Sheets) -> Standing:
    """All shares of a whole."""
    if s.rows(PARTS):
        yield HELD, total(s.column(HELD, "share"))
        for view in dict.fromkeys(row["view"] for row in s.rows(PARTS)):
            yield f"{PARTS}, by {view}", total(row["share"] for row in s.rows(PARTS) if row["view"] == view)
    if s.rows(RISK) and None not in s.column(RISK, "share"):
        yield RISK, total(s.column(RISK, "share"))
        yield "one", 1.0


def before_the_jump(s: Sheets) -> Standing:
    """The worth of all positions, before each shock."""
    for row in s.rows(SHOCKS):
        if row["ret"] is not None:
            yield f"{SHOCKS}, {row['what']} {row['move']}", row["after"] / (1 + row["ret"])
    if s.rows(SHOCKS):
        yield HELD, float(total(s.column(HELD, "value")))


def week_return(s: Sheets) -> Standing:
    """The return of the week."""
    yield FRONT, front(s, "week_return")
    yield METRICS, s.one(METRICS, "Total return", "week")
    rets = [row["ret"] for row in s.rows(WEEK)]
    if front(s, "week_return") is not None and rets:
        yield WEEK, linked(rets)


def since_return(s: Sheets) -> Standing:
    """The return since inception."""
    yield FRONT, front(s, "since_return")
    yield METRICS, s.one(METRICS, "Total return", "since")
    if s.rows(GROWTH):
        yield GROWTH, [grown for grown in s.column(GROWTH, "growth") if grown is not None][-1]
    if s.rows(MONEY):
        yield MONEY, s.one(MONEY, "Time-weighted", "period")
    if s.rows(MONTHS) and None not in s.column(MONTHS, "total"):
        yield MONTHS, linked(s.column(MONTHS, "total"))


def gain(s: Sheets) -> Standing:
    """What the week gained in USD: its change in value less flows."""
    yield FRONT, front(s, "gain")
    gains = [number(row["gain"]) for row in s.rows(WEEK) if row["gain"] is not None]
    if gains:
        yield WEEK, total(gains)
    known = [bridge(s, term) for term in ("Closing value", "Opening value", "External flows")]
    if gains and None not in known and known[1]:
        yield BRIDGE, known[0] - known[1] - known[2]


def flow(s: Sheets) -> Standing:
    """What crossed the portfolio's edge in the week."""
    yield FRONT, front(s, "flow")
    if s.rows(FLOWS):
        yield FLOWS, total(s.column(FLOWS, "amount"))
    if bridge(s, "External flows") is not None:
        yield BRIDGE, bridge(s, "External flows")


def gas(s: Sheets) -> Standing:
    """What gas cost in the week."""
    if s.rows(GAS):
        yield GAS, total(s.column(GAS, "week_cost"))
        yield DONE, total(number(row["gas"]) for row in s.rows(DONE) if row["gas"] is not None) or Decimal(0)
        if bridge(s, "Gas") is not None:
            yield BRIDGE, -bridge(s, "Gas")


def deepest(s: Sheets) -> Standing:
    """The deepest fall ever."""
    if s.rows(UNDER):
        yield UNDER, min(depth for depth in s.column(UNDER, "underwater") if depth is not None)
        yield METRICS, s.one(METRICS, "Maximum drawdown", "since")
        if s.rows(FALLS):
            yield FALLS, s.rows(FALLS)[0]["depth"]


def standing(s: Sheets) -> Standing:
    """How far below its peak it stands."""
    if s.rows(UNDER):
        yield FRONT, front(s, "underwater")
        yield UNDER, [depth for depth in s.column(UNDER, "underwater") if depth is not None][-1]


def deepest_of_week(s: Sheets) -> Standing:
    """The deepest point of the week."""
    depths = [row["underwater"] for row in s.rows(UNDER) if s.in_week(row["day"]) and row["underwater"] is not None]
    if depths:
        yield FRONT, front(s, "week_deepest")
        yield UNDER, min(depths)


def best_and_worst(s: Sheets) -> Standing:
    """The best day of the week: of those returns that span one day."""
    rets = [row["ret"] for row in s.rows(WEEK) if row["ret"] is not None and row["days"] == 1]
    if rets:
        yield METRICS, s.one(METRICS, "Best day", "week")
        yield WEEK, max(rets)


def daily_returns(s: Sheets) -> Standing:
    """How many returns of one day there are."""
    if s.rows(BINS):
        yield BINS, total(s.column(BINS, "days"))
        yield f"{BINS}, words", int(s.views_data[BINS].raw["alt"].split()[0].replace(",", ""))


def tested_days(s: Sheets) -> Standing:
    """How many days the platform's value at risk is tested on."""
    if s.rows(TEST):
        yield TEST, s.rows(TEST)[0]["n"]
        yield TAILS, len(s.rows(TAILS))


def breaches(s: Sheets) -> Standing:
    """On how many it was broken."""
    if s.rows(TEST):
        yield TEST, s.rows(TEST)[0]["failures"]
        yield TAILS, sum(row["failed"] for row in s.rows(TAILS))


def fresh_alerts(s: Sheets) -> Standing:
    """Alerts raised in the week."""
    yield FRONT, front(s, "alerts")
    yield ALERTS, sum(s.in_week(row["created_at"]) for row in s.rows(ALERTS))
    yield EVER_ALERTS, sum(s.in_week(row["created_at"]) for row in s.rows(EVER_ALERTS))


def open_alerts(s: Sheets) -> Standing:
    """Alerts open at the week's end."""
    yield FRONT, front(s, "open_alerts")
    yield ALERTS, sum(row["resolved_at"] is None for row in s.rows(ALERTS))


def transactions(s: Sheets) -> Standing:
    """Transactions of the week."""
    yield DONE, len(s.rows(DONE))
    yield RULES, total(s.column(RULES, "week")) or 0


def near(s: Sheets) -> Standing:
    """The last distance to liquidation."""
    stated = s.rows(HOW_NEAR)[0]["value"] if s.rows(HOW_NEAR) else None
    if s.rows(NEAR) and stated is not None:
        yield NEAR, float(s.column(NEAR, "liquidation_distance")[-1])
        yield HOW_NEAR, float(stated)


def rules_kept(s: Sheets) -> Standing:
    """How many rules were kept."""
    words = s.views_data[BROKEN].raw["subtitle"] or s.views_data[BROKEN].raw["alt"]
    yield SUITES, total(s.column(SUITES, "kept"))
    yield BROKEN, int(words.split(": ")[1].split(" passed")[0].replace(",", ""))


MEANINGS: tuple[Callable[[Sheets], Standing], ...] = (
    net_value, positions, shares, before_the_jump, week_return, since_return, gain, flow, gas, deepest, standing,
    deepest_of_week, best_and_worst, daily_returns, tested_days, breaches, fresh_alerts, open_alerts, transactions,
    near, rules_kept,
)  # fmt: skip

# Where a row's label and the column say: this metric, since inception.
_LABELLED = ((METRICS, "since"), (SURE, "value"), (CLAIMS, "ours"))


def labelled(s: Sheets) -> Iterator[tuple[str, list[tuple[str, Number]]]]:
    """Numbers under one label in several tables: the same metric since inception."""
    found: dict[str, list[tuple[str, Number]]] = {}
    for title, column in _LABELLED:
        for row in s.rows(title):
            label = str(next(iter(row.values()))).split(", 2")[0].split(", 1")[0]
            found.setdefault(label, []).append((title, number(row[column])))
    for label, places in found.items():
        known = [(title, value) for title, value in places if value is not None]
        if len(known) > 1:
            yield label, known


def unequal(s: Sheets) -> tuple[int, list[str]]:
    """How many numbers were held against another, and a line for each that is not equal."""
    looked, wrong = 0, []
    groups = [(str(meaning.__doc__), list(meaning(s))) for meaning in MEANINGS]
    for name, places in (*groups, *labelled(s)):
        for title, value in places[1:]:
            looked += 1
            first = places[0][1]
            exact = Sized(float(value), 1.0) if isinstance(value, float) else value
            if not same(first, exact):
                wrong.append(f"{name} {places[0][0]}: {first}; {title}: {value}")
    worth, listed = front(s, "value"), total(s.column(HELD, "value")) if s.rows(HELD) else None
    # Positions are those of the week's end: of a value of an earlier day they are no parts.
    sunday = s.rows(FRONT)[0]["value_day"] == (s.monday + timedelta(days=6)).isoformat() if s.rows(FRONT) else False
    if worth is not None and listed is not None and sunday:
        looked += 1
        if abs(worth - listed) > tolerance(worth):
            wrong.append(f"worth of the portfolio {worth}, of its positions {listed}")
    return looked, wrong
