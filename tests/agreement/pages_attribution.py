"""The numbers of the first page and of contribution, benchmark, target and strategies, a second time."""

import json
import math
from datetime import date, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

from ..metrics.plain_answers import PLAIN  # noqa: TID252 - the tests' own second catalogue
from . import plain_attribution as plain
from .comparing import Sized
from .pages import MISSING, Page, ViewData, page
from .pages_holdings import held, net, pools_in_use
from .pages_performance import beyond
from .pages_risk import contributions as risk_parts
from .plain_market import DAY, WEEK
from .plain_metrics import BASIS, LINKED, Known, least, metric
from .plain_returns import linked
from .plain_run import Report, Run

_PART = {"market": "market", "trading": "trading", "yield": "yield_", "rewards": "rewards", "lp_fees": "lp_fees",
         "impermanent_loss": "impermanent_loss", "pool": "pool", "gas": "gas"}  # fmt: skip


def _sized(r: Report, value: float) -> Sized:
    """As exact as the values it is made from."""
    return Sized(value, max((float(close.value) for close in r.closes), default=1.0) * 10)


# What the week changed


@page("What changed in the week")
def change_of_value(r: Report, _: ViewData) -> Page:
    """Market, trades, yield, fees, gas, flows; restated data by the run of the week before."""
    found, stated = r.bridge, _stated(r)
    known = found.residual is not None
    terms: list[tuple[str, float | Decimal | None]] = []
    if known:
        t = found.terms
        terms = [
            ("Market", _sized(r, float(t["price"] - found.traded + t["pool"]))),
            ("Trades", _sized(r, float(found.traded))),
            ("Yield and rewards", _sized(r, float(t["yield"] + t["rewards"]))),
            ("LP fees less impermanent loss", _sized(r, float(t["lp_fees"] + t["impermanent_loss"]))),
            ("Gas", t["gas"]), ("External flows", t["flows"]),
        ]  # fmt: skip
    else:
        terms = [(title, None) for title in ("Market", "Trades", "Yield and rewards", "LP fees less impermanent loss",
                                             "Gas", "External flows")]  # fmt: skip
    restated = None if stated is None or found.before is None else found.before - stated
    terms += [("Restated data", restated), ("Changed method", None),
              ("Residual", _sized(r, float(found.residual)) if known else None)]  # fmt: skip
    first = stated if stated is not None else found.before
    base = float(found.before or 0)
    rows: list[dict[str, Any]] = [{"title": "Value at the end of last week", "amount": first, "share": None}]
    for title, amount in terms:
        if title != "Residual" and amount is not None and abs(float(amount)) < 1e-12:
            continue
        share = float(amount) / base if amount is not None and base > 0 else None
        rows.append({"title": title, "amount": amount, "share": None if share is None else Sized(share, 1.0)})
    rows.append({"title": "Value now", "amount": found.after, "share": None})
    tolerance = [found.found, found.before, 24]
    return Page(rows, facts=[*tolerance, len(rows)], dates={r.first, r.last})


def _stated(r: Report) -> Decimal | None:
    """The last value that the run of the week before holds."""
    folder = getattr(r.run, "folder", None)
    year, number, _ = (r.monday - timedelta(days=1)).isocalendar()
    if folder is None or not (folder.parent / f"{year}-W{number:02}" / "manifest.json").is_file():
        return None
    rows = Run(folder.parent / f"{year}-W{number:02}").rows("portfolio_snapshots")
    mine = sorted((row for row in rows if row["portfolio_id"] == r.id), key=lambda row: row["timestamp"])
    return mine[-1]["total_value"] if mine else None


@page("Trailing returns")
def trailing(r: Report, _: ViewData) -> Page:
    """Linked returns of each window, and BTC's of the same days."""
    if not r.known:
        return Page([])
    rows, pairs = [], {one.day: one for one in _pairs(r)}
    first = min(one.begun for one in r.known)
    windows = [("1 week", 7), ("1 month", 30), ("3 months", 90), ("6 months", 180), ("Year to date", 0),
               ("1 year", 365), ("Since inception", -1)]  # fmt: skip
    for name, days in windows:
        start = date(r.last.year, 1, 1) if days == 0 else first if days < 0 else r.last - DAY * (days - 1)
        inside = [one for one in r.known if one.day >= start]
        whole = (r.last - first).days + 1 >= days and inside and min(one.begun for one in inside) >= start
        lost = any(day >= start for day in r.unknown_days) or (days < 0 and r.unknown_days)
        mine = linked(one.ret for one in inside) if whole and not lost else None
        there = [pairs[one.day].benchmark for one in inside if one.day in pairs]
        whole_too = (r.last - first).days + 1 >= days and inside and min(one.begun for one in inside) >= start
        its = linked(there) if whole_too and None not in there and not (set(r.unknown_days) & _from(r, start)) else None
        its = MISSING if r.unknown_days else its
        gap = MISSING if its is MISSING else None if None in (mine, its) else mine - its
        rows.append({"window": name, "portfolio": mine, "benchmark": its, "difference": gap})
    return Page(rows, facts=[len(rows), (r.last - first).days + 1, 7, 30, 90, 180, 365],
                dates={first, *r.unknown_days, *(one.begun for one in r.known)})  # fmt: skip


def _from(r: Report, start: date) -> set[date]:
    return {day.day for day in r.daily if day.day >= start}


class Pair(Known):
    """A return with BTC's over the same days."""

    benchmark: float | None = None


def _pairs(r: Report) -> list[Any]:
    """Each return with BTC's from close to close over the days it spans."""
    btc = next((asset["id"] for asset in r.assets if asset["symbol"] == "BTC"), None)
    found = []
    for one in r.known:
        then, now = r.market.close(btc, one.begun - DAY), r.market.close(btc, one.day)
        pair = Pair(one.day, one.ret, one.days)
        object.__setattr__(pair, "benchmark", None if None in (then, now) else float(now) / float(then) - 1)
        found.append(pair)
    return found


@page("Against the benchmark")
def relative(r: Report, _: ViewData) -> Page:
    """Alpha to days ahead, since inception and over ninety days: returns of one day, with BTC's."""
    names = ("jensen_alpha", "beta", "correlation", "tracking_error", "information_ratio", "up_capture",
             "down_capture", "hit_rate")  # fmt: skip
    alone = [one for one in _pairs(r) if one.days == 1 and one.benchmark is not None]
    rows = []
    for name in names:
        row: dict[str, Any] = {}
        for window, since in (("since", None), ("quarter", r.last + DAY - DAY * 90)):
            points = [(one.day, one.ret, one.benchmark) for one in alone if since is None or one.day >= since]
            row[window] = PLAIN[name](points) if len(points) >= 30 else None
        rows.append(row)
    return Page(rows, facts=[90, len(rows), 30, len(alone)])


@page("Beta, 90 days rolling")
def rolling_beta(r: Report, _: ViewData) -> Page:
    """Of ninety days in a row with a return of both each."""
    pairs = _pairs(r)
    own = {one.day: (one.ret, one.benchmark) for one in pairs if one.days == 1 and one.benchmark is not None}
    rows, known = [], []
    for one in pairs:
        window = [own.get(one.day - DAY * back) for back in range(90)]
        value = None if None in window else PLAIN["beta"]([(one.day, *pair) for pair in window if pair])
        rows.append({"day": one.day, "beta": value})
        known += [value] if value is not None else []
    return Page(rows if known else [], facts=[90, len(rows), *known])


# What needs attention


@page("What needs attention")
def attention(r: Report, _: ViewData) -> Page:
    """One row a question."""
    at_risk = metric("value_at_risk", r.known) if least("value_at_risk", r.known) else None
    depths = [depth for _, depth in r.depths if depth is not None and not r.unknown_days]
    week = [depth for day, (_, depth) in zip(r.daily, r.depths, strict=True)
            if depth is not None and r.first <= day.day <= r.last and not r.unknown_days]  # fmt: skip
    limit = r.portfolio["max_drawdown"]
    over = beyond(r)
    drift = _drift(r)
    known = r.holdings.positions is not None
    turnover = (
        sum(abs(row["drift"]) for row in drift) / 2 if drift and known and drift[0]["drift"] is not None else None
    )
    standing = [row for row in r.alerts if row["resolved_at"] is None]
    elapsed = (r.known[-1].day - r.known[0].begun).days + 1 if r.known else 0
    rows = [
        {"now": at_risk, "limit": None, "worst": None},
        {
            "now": -depths[-1] if depths else None,
            "limit": None if limit is None else float(limit),
            "worst": -min(week) if week else None,
        },
        {"now": MISSING, "limit": None, "worst": None},
        {"now": MISSING, "limit": None, "worst": None},
        {"now": turnover, "limit": None, "worst": None},
        {"now": float(len(standing)), "limit": None, "worst": None},
        {"now": MISSING, "limit": None, "worst": None},
        {"now": len(r.known) / elapsed if elapsed else None, "limit": None, "worst": None},
    ]
    facts = [24, 30, len(r.known), over["beyond_week"]]
    return Page(rows, facts=facts, dates={r.first})


def _drift(r: Report) -> list[dict[str, Any]]:
    wanted, whole = plain.targets(r), float(net(r)) if r.holdings.positions else 0.0
    if not wanted:
        return []
    values: dict[str, Decimal] = {}
    for one in held(r):
        values[one.symbol] = values.get(one.symbol, Decimal(0)) + one.value
    rows = []
    for symbol in {*values, *wanted}:
        value, goal = values.get(symbol, Decimal(0)), wanted.get(symbol, 0.0)
        weight = float(value) / whole if whole > 0 else None
        rows.append({"symbol": symbol, "weight": weight, "target": goal,
                     "drift": None if weight is None else Sized(weight - goal, 1.0),
                     "trade": None if weight is None else Sized(goal * whole - float(value), whole)})  # fmt: skip
    return sorted(rows, key=lambda row: (-abs(row["drift"] or 0.0), row["symbol"]))


@page("Drift from the target allocation")
def drift(r: Report, view_data: ViewData) -> Page:
    """Weight less target; rows of equal drift in the page's order."""
    rows = {row["symbol"]: row for row in _drift(r)}
    known = [row["drift"] for row in rows.values() if row["drift"] is not None]
    listed = [rows.get(symbol, {}) for symbol in view_data.column("symbol")]
    return Page(listed if len(listed) == len(rows) else list(rows.values()), facts=[sum(map(abs, known)) / 2])


# Contribution


def _attributed(r: Report, view_data: ViewData, by: str, *, inception: bool) -> Page:
    found = plain.attributed(r, by, inception=inception)
    if found is None:
        return Page([])
    parts, flows, capital, bridged = found
    rows: dict[str, dict[str, Any]] = {}
    for name, part in parts.items():
        values = {column: _sized(r, getattr(part, attribute)) for column, attribute in _PART.items()}
        share = part.gain / capital if capital > 0 else None
        rows[name] = {"name": name, **values, "gain": _sized(r, part.gain),
                      "contribution": None if share is None else Sized(share, 1.0)}  # fmt: skip
    none = dict.fromkeys(_PART)
    residual = _sized(r, float(bridged.residual))
    share = float(bridged.residual) / capital if capital > 0 else None
    rows |= {
        "External flows": {"name": "External flows", **none, "gain": _sized(r, flows), "contribution": None},
        "Residual": {"name": "Residual", **none, "gain": residual,
                     "contribution": None if share is None else Sized(share, 1.0)},
        "Change in value": {"name": "Change in value", **none, "gain": bridged.after - bridged.before,
                            "contribution": None},
    }  # fmt: skip
    shown = view_data.column("name")
    small = {name for name, row in rows.items() if name not in shown and abs(row["gain"]) < 1e-9}
    listed = [rows[name] for name in shown if name in rows]
    return Page(listed if set(shown) == set(rows) - small else list(rows.values()))


@page("Contribution by asset, the week")
def by_asset(r: Report, view_data: ViewData) -> Page:
    """Each asset from the moment it was held."""
    return _attributed(r, view_data, "asset", inception=False)


@page("Contribution by protocol, the week")
def by_protocol(r: Report, view_data: ViewData) -> Page:
    """Where it was held, and where it was done."""
    return _attributed(r, view_data, "protocol", inception=False)


@page("Contribution by satellite, since inception")
def by_satellite(r: Report, view_data: ViewData) -> Page:
    """Shared by the strategies that brought it."""
    return _attributed(r, view_data, "satellite", inception=True)


@page("Largest contributors by asset, since inception")
def contributors(r: Report, _: ViewData) -> Page:
    """Five up, five down."""
    found = plain.attributed(r, "asset", inception=True)
    if found is None:
        return Page([])
    parts, _, capital, _ = found
    ordered = sorted(((part.gain, name) for name, part in parts.items() if abs(part.gain) > 1e-12), reverse=True)
    sides = ([one for one in ordered if one[0] > 0][:5], [one for one in reversed(ordered) if one[0] < 0][:5])
    rows = [
        {"rank": rank, "name": name, "gain": _sized(r, gain),
         "contribution": Sized(gain / capital, 1.0) if capital > 0 else None}
        for side in sides for rank, (gain, name) in enumerate(side, start=1)
    ]  # fmt: skip
    return Page(rows)


def _brinson(r: Report, view_data: ViewData, *, inception: bool) -> Page:
    found = plain.effects(r, inception=inception)
    if found is None:
        return Page([])
    rows: dict[str, dict[str, Any]] = {}
    for name, (allocation, selection, interaction) in found.parts.items():
        rows[name] = {
            "name": name, "weight": Sized(found.weights[name], 1.0), "target": found.wanted.get(name, 0.0),
            "allocation": Sized(allocation, 1e3), "selection": Sized(selection, 1e3),
            "interaction": Sized(interaction, 1e3),
            "total": Sized(allocation + selection + interaction, 1e3),
        }  # fmt: skip
    explained = math.fsum(row["total"] for row in rows.values())
    none = dict.fromkeys(("weight", "target", "allocation", "selection", "interaction"))
    rows |= {"Unexplained": {"name": "Unexplained", **none, "total": Sized(found.excess - explained, 1e3)},
             "Excess return": {"name": "Excess return", **none, "total": Sized(found.excess, 1e3)}}  # fmt: skip
    shown = view_data.column("name")
    listed = [rows[name] for name in shown if name in rows]
    return Page(listed if set(shown) == set(rows) else list(rows.values()), facts=[found.days])


@page("Against the target allocation, the week")
def brinson_week(r: Report, view_data: ViewData) -> Page:
    """Seven days."""
    return _brinson(r, view_data, inception=False)


@page("Against the target allocation, since inception")
def brinson(r: Report, view_data: ViewData) -> Page:
    """Every day."""
    return _brinson(r, view_data, inception=True)


# What changed since last week

_COMPARED = ("total_return", "volatility", "sharpe_ratio", "sortino_ratio", "max_drawdown", "value_at_risk",
             "expected_shortfall")  # fmt: skip


@page("Changes since last week")
def changes(r: Report, view_data: ViewData) -> Page:
    """Metrics up to last Sunday and to this one; weights, yields and alerts of both."""
    rows: list[dict[str, Any]] = []
    for name in _COMPARED:
        both = []
        for known, last in (([one for one in r.known if one.day < r.first], r.first), (r.known, r.last + DAY)):
            lost = any(day < last for day in r.unknown_days)
            both.append(metric(name, known) if least(name, known) and not (BASIS[name] == LINKED and lost) else None)
        rows.append({"before": both[0], "now": both[1],
                     "change": None if None in both else Sized(both[1] - both[0], 1.0)})  # fmt: skip
    named = view_data.column("name")
    quoted = {row["pool"]: row for row in pools_in_use(r)}
    earlier = _pools_before(r)
    for place, name in enumerate(named[len(rows) :], start=len(rows)):
        if name in quoted:
            now, before = float(quoted[name]["apy"]), earlier.get(name)
            rows.append({"before": before, "now": now, "change": None if before is None else Sized(now - before, 1.0)})
        elif name == "Open alerts":
            now, before = (sum(_open(row, moment) for row in r.all_alerts) for moment in (r.end, r.monday))
            rows.append({"before": float(before), "now": float(now), "change": float(now - before)})
        elif name == "Failed checks":
            rows.append({"before": MISSING, "now": MISSING, "change": MISSING})
        else:
            rows.append({"before": MISSING, "now": _weight(r, str(name)), "change": MISSING})
        del place
    left = max(len(_weights(r)), 0) + len(quoted)
    return Page(rows, facts=range(left + 40))


def _open(row: Any, moment: Any) -> bool:
    return row["created_at"] < moment and (row["resolved_at"] is None or row["resolved_at"].date() >= moment.date())


def _weights(r: Report) -> dict[str, float]:
    whole = float(net(r)) if held(r) else 0.0
    found: dict[str, float] = {}
    for one in held(r) if whole > 0 else ():
        name = f"{one.symbol}, {one.protocol or 'wallet'}, {one.kind.replace('_', ' ')}"
        found[name] = found.get(name, 0.0) + float(one.value) / whole
    return found


def _weight(r: Report, name: str) -> Any:
    return _weights(r).get(name)


def _pools_before(r: Report) -> dict[str, float]:
    """The last quote before the week of each pool in use."""
    last: dict[str, float] = {}
    for row in sorted(r.run.rows("yield_metrics"), key=lambda row: row["timestamp"]):
        if r.monday - 13 * WEEK <= row["timestamp"] < r.monday:
            last[f"{row['protocol_name']} {row['pool_address'][:6]}"] = float(row["apy"])
    return last


# Risk


@page("Value at risk by method")
def values_at_risk(r: Report, view_data: ViewData) -> Page:
    """Three of the portfolio's returns, one of the holdings, one of the platform."""
    values = [close.value for close in r.closes]
    last = float(values[-1]) if values else None
    points = [(one.day, one.ret, None) for one in r.alone]
    rows = []
    for name in ("value_at_risk", "value_at_risk_normal", "value_at_risk_cornish_fisher"):
        rate = PLAIN[name](points) if len(points) >= 30 else None
        rows.append({"n": len(points), "rate": rate, "amount": None if None in (rate, last) else rate * last})
    parts = risk_parts(r, view_data).rows
    whole = math.fsum(row["component"] for row in parts) if parts else None
    rows.append({"n": None, "rate": whole, "amount": None if None in (whole, last) else whole * last})
    stored = sorted((row for row in r.mine("risk_metrics") if row["var_95"] is not None and row["timestamp"] < r.end),
                    key=lambda row: row["timestamp"])  # fmt: skip
    said = float(stored[-1]["var_95"]) if stored else None
    known = said is not None and last is not None and last > 0
    rows.append({"n": None, "rate": said / last if known else None, "amount": said})
    return Page(rows, facts=[30, len(points), 95])


# How it was run


@page("Strategies: earned and claimed")
def strategies(r: Report, _: ViewData) -> Page:
    """Income of each strategy a year on what it had, and what is stored with it."""
    rows = []
    found = plain.bridge_of(r, inception=True)
    listed = plain.pieces(r, found.start, found.end) if found.residual is not None else []
    for row in sorted(
        r.mine("trading_strategies"), key=lambda s: (s["satellite_id"], str(s["strategy_type"]), s["id"])
    ):
        stated = json.loads(row["performance_metrics"] or "{}").get("realised_apy")
        claimed = None if stated is None else float(stated)
        own = [piece for piece in listed if piece.strategy == row["id"]]
        done = [piece for piece in listed if (piece.transaction or {}).get("strategy_id") == row["id"]]
        by_itself = [piece for piece in own if piece.lot.cause in {"yield", "rewards", "rebase"}
                     and (piece.transaction or {}).get("strategy_id") is None]  # fmt: skip
        if not own or found.residual is None:
            rows.append({"claimed": claimed, "realised": None, "difference": None, "income": MISSING, "capital": None,
                         "gain": None, "days": None})  # fmt: skip
            continue
        paid = [*done, *by_itself]
        income = math.fsum(float(p.lot.terms["yield"] + p.lot.terms["rewards"]) for p in paid)
        income += math.fsum(float(p.lot.terms["lp_fees"]) for p in own)
        price = math.fsum(float(p.lot.terms["price"] - p.lot.traded - p.lot.terms["impermanent_loss"]) for p in own)
        price += math.fsum(float(p.lot.terms["pool"]) for p in own)
        gas = math.fsum(float(p.lot.terms["gas"]) for p in done)
        trade = math.fsum(float(p.lot.traded) for p in done)
        begun = max(min(piece.at for piece in own), found.start)
        length = (found.end - begun).total_seconds()
        capital = math.fsum(float(p.lot.opening) for p in own) + math.fsum(
            float(p.lot.traded + p.lot.terms["flows"]) * (found.end - p.at).total_seconds() / length
            for p in own if p.lot.cause in {"trade", "flow"}
        )  # fmt: skip
        days = int(length // 86_400) + 1
        known = capital > 0 and days >= 30 and income > -capital
        realised = (1 + income / capital) ** (365 / days) - 1 if known else None
        rows.append({
            "claimed": claimed, "realised": realised, "capital": _sized(r, capital), "income": _sized(r, income),
            "difference": None if None in (realised, claimed) else realised - claimed,
            "gain": _sized(r, income + price + trade - gas), "days": days,
        })  # fmt: skip
    return Page(rows, facts=[30, *(row["days"] for row in rows if row["days"])])


@page("Alerts by type, since inception")
def alert_record(r: Report, _: ViewData) -> Page:
    """How soon they were seen and resolved; how often one of the worst days followed within a week."""
    alone = {one.day: one.ret for one in r.alone}
    ordered = sorted(alone.values())
    bad: set[date] = set()
    if len(ordered) >= 30:
        place = (len(ordered) - 1) * 0.05
        low = ordered[int(place)]
        bound = low + (ordered[min(int(place) + 1, len(ordered) - 1)] - low) * (place - int(place))
        bad = {day for day, ret in alone.items() if ret <= bound}

    def followed(day: date) -> bool:
        return any(day + DAY * step in bad for step in range(1, 8))

    case = [followed(day) for day in alone if day + DAY * 7 <= r.last]
    kinds: dict[str, list[dict[str, Any]]] = {}
    for row in r.all_alerts:
        kinds.setdefault(str(row["alert_type"]), []).append(row)
    rows = []
    for _kind, listed in sorted(kinds.items(), key=lambda one: (-len(one[1]), one[0])):
        old = [followed(row["created_at"].date()) for row in listed if row["created_at"].date() + DAY * 7 <= r.last]
        rows.append({
            "raised": len(listed), "open": sum(row["resolved_at"] is None for row in listed),
            "acknowledged": sum(row["acknowledged_at"] is not None for row in listed),
            "seen": _hours(listed, "acknowledged_at"), "resolved": _hours(listed, "resolved_at"),
            "followed": sum(old) / len(old) if old and len(ordered) >= 30 else None,
            "usual": sum(case) / len(case) if case and len(ordered) >= 30 else None,
        })  # fmt: skip
    return Page(rows, facts=[30])


def _hours(listed: list[dict[str, Any]], column: str) -> float | None:
    times = [(row[column] - row["created_at"]).total_seconds() / 3600 for row in listed if row[column] is not None]
    return median(times) if times else None
