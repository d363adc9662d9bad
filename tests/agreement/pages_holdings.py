"""The numbers of the pages on holdings, pools and yields, a second time; and what the report rests on."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from statistics import fmean, median
from typing import Any

from .comparing import Sized
from .pages import Page, ViewData, page
from .plain_holdings import Position
from .plain_market import WEEK, times
from .plain_metrics import HEADLINE
from .plain_run import QUARTER, Report


def held(r: Report) -> list[Position]:
    """Every position, largest first; none where they are not known."""
    return r.holdings.positions or []


def net(r: Report) -> Decimal:
    """Worth of all positions."""
    return sum((one.value for one in held(r)), Decimal(0))


@page("Positions")
def positions(r: Report, _: ViewData) -> Page:
    """Quantity, price, worth, share and gain against cost."""
    whole, rows = net(r), []
    for one in held(r):
        gain: Any = None
        if one.price is not None and isinstance(one.cost, Decimal):
            gain = times(one.price - one.cost, one.quantity)
        elif one.price is not None and one.cost is not None:
            gain = Sized((float(one.price) - one.cost) * float(one.quantity), float(one.price * one.quantity))
        if gain is not None and one.kind == "borrowing":
            gain = -gain if isinstance(gain, Decimal) else Sized(-gain, gain.size)
        rows.append({"quantity": one.quantity, "price": one.price, "value": one.value,
                     "share": float(one.value) / float(whole) if whole > 0 else None, "unrealised": gain})  # fmt: skip
    return Page(rows, facts=[len(rows)], copied={"quantity", "value"} if r.holdings.platform else set())


@page("Where the net value is")
def allocation(r: Report, _: ViewData) -> Page:
    """Worth and share by asset, kind, protocol and chain; the page gathers the small ones."""
    whole = net(r)
    if whole <= 0:
        return Page([])
    rows, facts = [], []
    ids: dict[tuple[str, str], set[str]] = {}
    for one in held(r):
        ids.setdefault((one.symbol, one.chain), set()).add(one.asset)

    def called(one: Position) -> str:
        """Its symbol; with the end of its id where another asset goes by it on the chain."""
        return f"{one.symbol} (…{one.asset[-6:]})" if len(ids[one.symbol, one.chain]) > 1 else one.symbol

    views = {"asset": called, "type": lambda one: one.kind.replace("_", " "),
             "protocol": lambda one: one.protocol or "wallet", "chain": lambda one: one.chain}  # fmt: skip
    for view, name_of in views.items():
        sums: dict[str, Decimal] = {}
        for one in held(r):
            sums[name_of(one)] = sums.get(name_of(one), Decimal(0)) + one.value
        ordered = sorted(sums.items(), key=lambda part: (-abs(part[1]), part[0]))
        mine = [{"view": view, "name": name, "value": value, "share": float(value) / float(whole)}
                for name, value in ordered]  # fmt: skip
        rows += mine
        facts += [sum(row["share"] for row in mine[5:]), len(mine) - 5]
    return Page(rows, facts=facts)


@page("Latest prices, two sources compared")
def cached(r: Report, _: ViewData) -> Page:
    """Where the cache's price is another than the last stored one, as far as it prints."""
    last: dict[str, Any] = {}
    for row in sorted(r.run.rows("redis_price_current"), key=lambda row: row["timestamp"]):
        if row["timestamp"] < r.end:
            last[row["asset_id"]] = row
    rows, agree, missing = [], 0, Counter()
    for asset in dict.fromkeys(one.asset for one in held(r)):
        stored, found = r.market.at(asset, r.end, oldest=None), last.get(asset)
        if stored is None or found is None:
            missing["cache" if found is None else "store"] += 1
            continue
        apart = float(found["price"]) / float(stored) - 1
        if abs(apart) >= 0.00005:
            rows.append({"cached": found["price"], "quoted": found["timestamp"], "stored": stored,
                         "stored_at": r.market.quoted(asset, r.end), "difference": apart})  # fmt: skip
        else:
            agree += 1
    return Page(rows, facts=[agree, *missing.values(), 60, len(rows)], copied={"cached", "quoted", "stored"})


def pools_in_use(r: Report) -> list[dict[str, Any]]:
    """Pools a position sits in, or those of its protocol on its chain, with their last quote of the quarter."""
    last: dict[str, Any] = {}
    for row in sorted(r.run.rows("yield_metrics"), key=lambda row: row["timestamp"]):
        if r.end - QUARTER <= row["timestamp"] < r.end:
            last[row["pool_address"]] = row
    mine: dict[str, Decimal] = {}
    places = set()
    for one in held(r):
        if one.protocol is None:
            continue
        if one.address in last:
            mine[one.address] = mine.get(one.address, Decimal(0)) + one.value
        else:
            places.add((one.protocol, one.chain_id))
    found = []
    for address, row in last.items():
        if address in mine or (row["protocol_name"], row["chain_id"]) in places:
            found.append({"address": address, "pool": f"{row['protocol_name']} {address[:6]}",
                          "value": mine.get(address), "apy": row["apy"], "fees": row["trading_fees_apr"],
                          "rewards": row["rewards_apr"], "il": row["impermanent_loss_risk"],
                          "tvl": row["tvl"]})  # fmt: skip
    found.sort(key=lambda row: (row["value"] is None, -abs(row["value"] or 0), row["pool"]))
    return found


@page("Pools in use")
def pools(r: Report, _: ViewData) -> Page:
    """The last quote of each, and what is in it."""
    rows = pools_in_use(r)
    return Page(rows, facts=[len(rows)], copied={"apy", "fees", "rewards", "il", "tvl"})


@page("Yields quoted by the pools in use")
def pool_yields(r: Report, _: ViewData) -> Page:
    """Mean yield of each day of the quarter."""
    rows, facts = [], []
    for pool in pools_in_use(r):
        quotes: dict[Any, list[float]] = {}
        for row in r.run.rows("yield_metrics"):
            if row["pool_address"] == pool["address"] and r.end - QUARTER <= row["timestamp"] < r.end:
                quotes.setdefault(row["timestamp"].date(), []).append(float(row["apy"]))
        mine = [{"day": day, "pool": pool["pool"], "apy": fmean(found)} for day, found in sorted(quotes.items())]
        rows += mine
        facts += [row["apy"] for row in mine[-1:]]
    return Page(rows, facts=facts)


@page("Sentiment of the assets held")
def sentiment(r: Report, _: ViewData) -> Page:
    """Mean score of the week, and of the week before."""
    scores: dict[str, tuple[list[float], list[float]]] = {one.symbol: ([], []) for one in held(r)}
    for row in r.run.rows("market_sentiment"):
        age = r.end - row["timestamp"]
        which = 0 if timedelta(0) < age <= WEEK else 1 if WEEK < age <= 2 * WEEK else None
        for symbol in row["asset_mentioned"] if which is not None else ():
            if symbol in scores:
                scores[symbol][which].append(row["sentiment_score"])
    rows = [{"symbol": symbol, "mentions": len(now), "score": fmean(now), "before": fmean(old) if old else None}
            for symbol, (now, old) in scores.items() if now]  # fmt: skip
    rows.sort(key=lambda row: (-row["score"], row["symbol"]))
    return Page(rows)


@page("The satellite agents in the week")
def satellites(r: Report, _: ViewData) -> Page:
    """Tasks, successes and answers of each."""
    rows = []
    for agent in sorted(r.run.rows("satellite_agents"), key=lambda row: row["id"]):
        tasks = [t for t in r.run.rows("agent_tasks") if t["agent_id"] == agent["id"] and r.inside(t["created_at"])]
        worked = [m for m in r.run.rows("satellite_performance")
                  if m["agent_id"] == agent["id"] and r.inside(m["timestamp"])]  # fmt: skip
        rows.append({
            "tasks": len(tasks), "completed": sum(t["status"] == "completed" for t in tasks),
            "failed": sum(t["status"] == "failed" for t in tasks),
            "success": fmean(float(m["success_rate"]) for m in worked) if worked else None,
            "response": median(float(m["response_time_ms"]) for m in worked) if worked else None,
            "errors": sum(m["error_count"] for m in worked) if worked else None,
        })  # fmt: skip
    return Page(rows, facts=[len(rows), 60])


# What the report rests on


@page("Checks by table")
def suites(r: Report, _: ViewData) -> Page:
    """How many rules each suite kept; the bridge's own is one more."""
    outcomes = [(one["suite"], one["outcome"]) for one in r.run.findings]
    outcomes.append(("pnl_identity", {True: "passed", False: "failed", None: "error"}[r.bridge.holds]))
    counts = Counter(outcomes)
    names = {suite for suite, _ in outcomes}
    ordered = sorted(names, key=lambda suite: (-counts[suite, "failed"], suite))
    return Page([
        {"suite": suite, "promises": sum(n for (one, _), n in counts.items() if one == suite),
         "kept": counts[suite, "passed"], "broken": counts[suite, "failed"], "untested": counts[suite, "error"]}
        for suite in ordered
    ], facts=[len(ordered)])  # fmt: skip


def _in_words(rule: str) -> str:
    """A rule of one kind, `kind(columns)`, with its columns first and spaces; a sentence as it is."""
    if not rule.endswith(")"):
        return rule
    kind, inside = rule.rstrip(")").split("(", 1)
    columns = [part for part in inside.split(", ") if part.isidentifier()]
    rest = inside.split(", ")[len(columns) :]
    return f"{', '.join(columns)}: {', '.join(rest if kind == 'between' and rest else [kind.replace('_', ' '), *rest])}"


@page("Checks that failed")
def findings(r: Report, view_data: ViewData) -> Page:
    """Rows of each failed rule, as findings.json has them; texts in them speak for themselves."""
    counts = Counter(one["outcome"] for one in r.run.findings)
    counts[{True: "passed", False: "failed", None: "error"}[r.bridge.holds]] += 1
    suites_of = {one["suite"] for one in r.run.findings} | {"pnl_identity"}
    stated = {(one["suite"], _in_words(one["rule"])): one["rows"] for one in r.run.findings}
    rows: list[dict[str, Any]] = []
    for suite, rule in zip(view_data.column("suite"), view_data.column("rule"), strict=True):
        mine = {True: 0, False: 1, None: -1}[r.bridge.holds] if suite == "pnl_identity" else stated.get((suite, rule))
        rows.append({"rows": None if mine == -1 else mine})
    broken = counts["failed"] + counts["error"]
    rows = rows[: min(broken, 16)]
    return Page(rows, facts=[counts.total(), len(suites_of), *counts.values(), 0, broken - 16, len(rows)],
                copied={"rows"})  # fmt: skip


_STORES = {"postgres": "PostgreSQL", "clickhouse": "ClickHouse", "redis": "Redis", "qdrant": "Qdrant"}


@page("Data sources")
def sources(r: Report, _: ViewData) -> Page:
    """Rows of each store's frames, counted in the files themselves."""
    frames = r.run.manifest["frames"]
    rows = []
    for store in dict.fromkeys(one["store"] for one in frames.values()):
        mine = {name: len(r.run.rows(name)) for name, one in frames.items() if one["store"] == store}
        rows.append({"store": _STORES[store], "frames": len(mine), "rows": sum(mine.values())})
    return Page(rows, facts=[len(rows)])


@page("Software and settings", "Metrics not shown", "masthead")
def texts(_r: Report, _: ViewData) -> Page:
    """Words: versions, names and reasons; nothing in them is computed."""
    return Page(None)


@page("Formulas")
def formulas(_r: Report, view_data: ViewData) -> Page:
    """How many returns each metric needs."""
    needs = {title: minimum for _, title, minimum, _ in HEADLINE}
    return Page([{"minimum": needs.get(title)} for title in view_data.column("title")], facts=[len(needs), 0.95])
