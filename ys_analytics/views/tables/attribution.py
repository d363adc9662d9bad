"""Tables of attribution, the benchmark, drift, limits, changes, stress and exposure."""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from ys_analytics.views import formats
from ys_analytics.views.table import Table, table
from ys_analytics.views.view import Field, Statement, View, not_shown

_PERIODS = {"week": "the week", "inception": "since inception"}
_DIMENSIONS = {
    "asset": "asset",
    "kind": "kind of position",
    "protocol": "protocol",
    "chain": "chain",
    "strategy": "strategy",
    "satellite": "satellite",
}
# Columns that a table leaves out where all of them are nothing.
_GAIN_COLUMNS = (
    ("market", "Market"),
    ("trading", "Trades"),
    ("yield", "Yield"),
    ("rewards", "Rewards"),
    ("lp_fees", "LP fees"),
    ("impermanent_loss", "IL"),
    ("pool", "Pool"),
    ("gas", "Gas"),
)

# Characters of a note that fit into its column.
_MAX_NOTE = 70
# Below this a difference is rounding.
_ROUNDING = 1e-12


def attribution(frame: pl.DataFrame, *, by: str = "asset", since: str = "week") -> View:
    """Contribution of each asset, protocol, chain, strategy or satellite to the change in value.

    Args:
        frame: name, row String (part, flows, residual, change); market, trading, yield, rewards, lp_fees,
            impermanent_loss, pool, gas, gain Decimal in USD; contribution Float64; reason String.
        by: What it is summed by.
        since: "week" or "inception".
    """
    title = f"Contribution by {_DIMENSIONS.get(by, by)}, {_PERIODS.get(since, since)}"
    first = frame.row(0, named=True)
    if frame.height == 1 and first["gain"] is None:
        return not_shown(title, first["reason"])
    parts = frame.filter(pl.col("row") == "part")
    shown_parts = [(name, head) for name, head in _GAIN_COLUMNS if parts.filter(pl.col(name) != 0).height]
    notes = [
        "Market: price moves of what was held. Trades: what they cost against last quotes, under what was received.",
        "Contribution: gain over the average capital of the period (Modified Dietz).",
    ]
    if any(name == "impermanent_loss" for name, _ in shown_parts):
        notes.append("IL: impermanent loss.")
    if any(name == "pool" for name, _ in shown_parts):
        notes.append("Pool: price, fees and impermanent loss of shares whose pool is not known.")
    sheet = table(
        frame,
        title=title,
        subtitle="USD; gains, external flows and residual add up to the change in value",
        fields=(
            Field(name="name", title=_DIMENSIONS.get(by, by).capitalize(), width=20),
            *(Field(name=name, title=head, unit="USD signed", tone=True) for name, head in shown_parts),
            Field(name="gain", title="Gain", unit="USD signed", tone=True),
            Field(name="contribution", title="Contribution", unit="fraction", reason="reason", tone=True),
        ),
        strong=frozenset(index for index, row in enumerate(frame["row"]) if row == "change"),
        notes=notes,
        alt=_alt(title, frame),
    )
    return _without_dashes(sheet, *(name for name, _ in shown_parts), "contribution")


def _without_dashes(sheet: Table | Statement, *names: str) -> View:
    """The table with an empty cell instead of a dash where a column does not apply to a row."""
    if not isinstance(sheet, Table):
        return sheet
    columns = {column_index for column_index, column in enumerate(sheet.fields) if column.name in names}
    cells = tuple(
        tuple(
            "" if column_index in columns and cell == formats.DASH and not mark else cell
            for column_index, (cell, mark) in enumerate(zip(row, marks, strict=True))
        )
        for row, marks in zip(sheet.cells, sheet.marks, strict=True)
    )
    return replace(sheet, cells=cells)


def _alt(title: str, frame: pl.DataFrame) -> str:
    rows = frame.select("name", "gain").rows()
    listed = formats.join_words(f"{name} {formats.text(gain, 'USD signed')}" for name, gain in rows)
    return f"{title}, USD: {listed}."


def contributors(frame: pl.DataFrame, *, by: str = "asset", since: str = "week") -> View:
    """The largest contributors up and down.

    Args:
        frame: side (up, down), name String; rank Int64; gain Decimal in USD; contribution Float64; reason String.
        by: What it is summed by.
        since: "week" or "inception".
    """
    title = f"Largest contributors by {_DIMENSIONS.get(by, by)}, {_PERIODS.get(since, since)}"
    return table(
        frame.with_columns(pl.col("side").replace({"up": "Gained", "down": "Lost"})),
        title=title,
        subtitle="at most five of each",
        fields=(
            Field(name="rank", title="", unit="count"),
            Field(name="name", title=_DIMENSIONS.get(by, by).capitalize()),
            Field(name="gain", title="Gain", unit="USD signed", tone=True),
            Field(name="contribution", title="Contribution", unit="fraction", reason="reason", tone=True),
        ),
        group="side",
        empty="Nothing gained or lost, or the change of value cannot be explained.",
        size="half",
    )


def brinson(frame: pl.DataFrame, *, since: str = "week") -> View:
    """Allocation and selection against the target allocation.

    Args:
        frame: name, row String (part, unexplained, excess); weight, target, allocation, selection, interaction, total
            Float64; days Int64; reason String.
        since: "week" or "inception".
    """
    title = f"Against the target allocation, {_PERIODS.get(since, since)}"
    first = frame.row(0, named=True)
    if frame.height == 1 and first["total"] is None:
        return not_shown(title, first["reason"])
    days = formats.count(int(first["days"]), "day")
    sheet = table(
        frame,
        title=title,
        subtitle=f"Brinson and Fachler, {days} linked by Carino; of net value; target rebalanced daily, prices alone",
        fields=(
            Field(name="name", title="Asset", width=22),
            Field(name="weight", title="Mean weight", unit="share"),
            Field(name="target", title="Target", unit="share"),
            Field(name="allocation", title="Allocation", unit="fraction", tone=True),
            Field(name="selection", title="Selection", unit="fraction", tone=True),
            Field(name="interaction", title="Interaction", unit="fraction", tone=True),
            Field(name="total", title="Total", unit="fraction", tone=True),
        ),
        strong=frozenset(index for index, row in enumerate(frame["row"]) if row == "excess"),
        notes=(
            "Allocation: being over or under weight. Selection: yield, costs and timing against the target's prices.",
        ),
    )
    return _without_dashes(sheet, "weight", "target", "allocation", "selection", "interaction")


def relative(frame: pl.DataFrame) -> View:
    """Alpha, beta, tracking error, information ratio and capture.

    Args:
        frame: title, unit, name String (of the benchmark); since, quarter Float64; since_reason, quarter_reason
            String.
    """
    name = _benchmark_name(frame["name"])
    return table(
        frame,
        title="Against the benchmark",
        subtitle=f"benchmark: {name}; returns of one day; per year where it says so",
        fields=(
            Field(name="title", title=""),
            Field(name="quarter", title="Last 90 days", unit_from="unit", reason="quarter_reason"),
            Field(name="since", title="Since inception", unit_from="unit", reason="since_reason"),
        ),
        size="half",
    )


def trailing(frame: pl.DataFrame, *, benchmark: str = "") -> View:
    """Returns of the usual windows, of the portfolio and of the benchmark.

    Args:
        frame: window String; portfolio, benchmark, difference Float64; reason, benchmark_reason String.
        benchmark: What the benchmark is called.
    """
    return table(
        frame.with_columns(apart=pl.coalesce("reason", "benchmark_reason")),
        title="Trailing returns",
        subtitle=f"up to the end of the week, not annualised; benchmark: {benchmark or 'none'}",
        fields=(
            Field(name="window", title=""),
            Field(name="portfolio", title="Portfolio", unit="fraction", reason="reason", tone=True),
            Field(name="benchmark", title="Benchmark", unit="fraction", reason="benchmark_reason", tone=True),
            Field(name="difference", title="Difference", unit="fraction", reason="apart", tone=True),
        ),
        empty="There is no return yet.",
        size="half",
    )


def _benchmark_name(names: pl.Series) -> str:
    return str(next(iter(names.drop_nulls()), "none"))


def drift(frame: pl.DataFrame) -> View:
    """How far weights are from the target.

    Args:
        frame: symbol String; value Decimal in USD; weight, target, drift, trade Float64; reason String.
    """
    turnover = frame["drift"].abs().sum() / 2 if frame.height and not frame["drift"].null_count() else None
    turnover_text = (
        f"; {formats.text(turnover, 'share')} of net value would be traded to be at target"
        if turnover is not None
        else ""
    )
    return table(
        frame,
        title="Drift from the target allocation",
        subtitle=f"share of net value; a debt counts against its asset{turnover_text}",
        fields=(
            Field(name="symbol", title="Asset"),
            Field(name="weight", title="Weight", unit="share", reason="reason"),
            Field(name="target", title="Target", unit="share"),
            Field(name="drift", title="Drift", unit="fraction", reason="reason", tone=True),
            Field(name="trade", title="To buy or sell", unit="USD whole signed", reason="reason"),
        ),
        totals=("weight", "target"),
        empty="The owner states no target allocation.",
        size="half",
    )


def limits(frame: pl.DataFrame) -> View:
    """Each limit, the current value, and the platform's alert.

    Args:
        frame: title, unit, state, alert, reason String; limit, now, worst Float64; days_beyond Int64; since Date.
    """
    return table(
        frame.with_columns(
            pl.col("state")
            .str.to_titlecase()
            .str.replace("Not Known", "Not known")
            .str.replace("No Limit Set", "None set")
        ),
        title="Limits",
        subtitle="the owner's drawdown limit, and a health factor of 1, below which a loan may be liquidated",
        fields=(
            Field(name="title", title="", width=26),
            Field(name="limit", title="Limit", unit_from="unit"),
            Field(name="now", title="Now", unit_from="unit", reason="reason"),
            Field(name="worst", title="Week's worst", unit_from="unit"),
            Field(name="state", title="State"),
            Field(name="days_beyond", title="Days beyond", unit="count"),
            Field(name="since", title="Beyond since", unit="date"),
            Field(name="alert", title="Platform's alert", width=24),
        ),
        alt=_limits_alt(frame),
    )


def _limits_alt(frame: pl.DataFrame) -> str:
    broken: Sequence[str] = frame.filter(pl.col("state") == "beyond")["title"].to_list()
    return f"Limits broken: {formats.join_words(broken)}." if broken else "No limit is broken."


def change_of_value(frame: pl.DataFrame) -> View:
    """The week's change of value by reason.

    Args:
        frame: term, title, reason String; amount Decimal in USD; share Float64 of the opening value.
    """
    ends = pl.col("term").is_in(["before", "after"])
    shown = frame.filter(
        ends | pl.col("reason").is_not_null() | (pl.col("amount") != 0) | (pl.col("term") == "residual")
    )
    rows = shown.with_columns(unit=pl.when(pl.col("term").is_in(["before", "after"])).then(pl.lit("USD")).otherwise(
        pl.lit("USD signed")), no_share=pl.lit(None, pl.String))  # fmt: skip
    sheet = table(
        rows,
        title="What changed in the week",
        subtitle="from last week's closing value to this week's; share of last week's value",
        fields=(
            Field(name="title", title=""),
            Field(name="amount", title="Amount, USD", unit_from="unit", reason="reason", tone=True),
            Field(name="share", title="Share", unit="fraction", tone=True),
        ),
        strong=frozenset(index for index, term in enumerate(shown["term"]) if term in {"before", "after"}),
        size="half",
    )
    return _without_dashes(sheet, "share")


def changes(frame: pl.DataFrame, *, max_rows: int = 6) -> View:
    """What changed since last week.

    Args:
        frame: section, name, unit, note, reason String; before, now, change, restated, method Float64.
        max_rows: Rows of a section that are shown: the largest changes.
    """
    index = pl.int_range(pl.len()).over("section")
    frame = frame.with_columns(pl.when(pl.col("note").str.len_chars() <= _MAX_NOTE).then("note"))
    shown = frame.filter((index < max_rows) | ~pl.col("section").is_in(["Weight of net value", "Quoted yield"]))
    hidden = frame.height - shown.height
    extra_columns = [
        name for name in ("restated", "method") if shown.filter(pl.col(name).fill_null(0.0).abs() > _ROUNDING).height
    ]
    titles = {"restated": "Restated", "method": "Method"}
    signed_unit = pl.col("unit").replace({"rate": "fraction", "share": "fraction", "ratio": "score signed"})
    sheet = table(
        shown.with_columns(signed=pl.when(pl.col("unit") == "count").then(pl.lit("count")).otherwise(signed_unit)),
        title="Changes since last week",
        subtitle="as this week's data show both weeks",
        fields=(
            Field(name="name", title="", width=34),
            Field(name="before", title="Last week", unit_from="unit", reason="reason"),
            Field(name="now", title="Now", unit_from="unit", reason="reason"),
            Field(name="change", title="Change", unit_from="signed", reason="reason", tone=True),
            *(Field(name=name, title=titles[name], unit_from="signed") for name in extra_columns),
            Field(name="note", title="", width=22),
        ),
        group="section",
        notes=(f"{hidden} smaller changes are not listed.",) if hidden else (),
    )
    return _without_dashes(sheet, "before", "now", "change", "note", *extra_columns)


def card(frame: pl.DataFrame) -> View:
    """The desk's card: portfolio, week, value, as of, freshness and findings.

    Args:
        frame: name, value String.
    """
    return table(
        frame, title="Desk", fields=(Field(name="name", title=""), Field(name="value", title="")), size="half",
        alt="; ".join(f"{name}: {value}" for name, value in frame.rows()) + ".",
    )  # fmt: skip


def shock(frame: pl.DataFrame) -> View:
    """Positions, net value and loans after price moves.

    Args:
        frame: name, row, note String; before, after, change, ret, health_before, health_after Float64.
    """
    loans = frame.filter(pl.col("row") == "loan").select("name", "health_before", "health_after").rows()
    notes = [
        f"{name}: health factor {formats.text(before, 'ratio')} before, {formats.text(after, 'ratio')} after."
        for name, before, after in loans
    ]
    notes += [f"Not looked through, taken as they are: {note}." for note in frame["note"].drop_nulls()]
    rows = frame.filter(pl.col("row") != "loan")
    return table(
        rows,
        title="After the price moves",
        subtitle="USD, look-through",
        fields=(
            Field(name="name", title="Position"),
            Field(name="before", title="Before", unit="USD"),
            Field(name="after", title="After", unit="USD"),
            Field(name="change", title="Change", unit="USD signed", tone=True),
            Field(name="ret", title="Change", unit="fraction", tone=True),
        ),
        strong=frozenset(index for index, row in enumerate(rows["row"]) if row == "net"),
        notes=notes,
        empty="It holds nothing whose price could move.",
    )


def replays(frame: pl.DataFrame) -> View:
    """Stress replay: what today's holdings would have returned in fixed episodes of the past.

    Args:
        frame: episode, what, missing, reason String; start, end Date; after, change, ret, covered, health Float64.
    """
    missing_prices = dict.fromkeys(frame["missing"].drop_nulls()) if frame.height else {}
    with_dates = frame.with_columns(
        when=pl.struct("start", "end").map_elements(
            lambda row: formats.days_between(row["start"], row["end"]), return_dtype=pl.String
        ) if frame.height else pl.lit(None, pl.String),
        no_loan=pl.when(pl.col("health").is_null()).then(pl.coalesce("reason", pl.lit("no loan has a threshold"))),
    )  # fmt: skip
    return table(
        with_dates,
        title="Historical stress episodes on the positions at the end of the week",
        subtitle="look-through, net value; from the close before the first day to the close of the last",
        fields=(
            Field(name="episode", title="Episode", width=17),
            Field(name="when", title="Days", width=20),
            Field(name="what", title="What happened", width=28),
            Field(name="change", title="Change", unit="USD whole signed", reason="reason", tone=True),
            Field(name="ret", title="Of net value", unit="fraction", reason="reason", tone=True),
            Field(name="health", title="Least health factor", unit="ratio", reason="no_loan"),
            Field(name="covered", title="Covers", unit="share"),
        ),
        notes=tuple(f"No price in some of these days, taken to stand still: {names}." for names in missing_prices),
        empty="It holds nothing.",
    )


def scenarios(frame: pl.DataFrame) -> View:
    """Net value after scenarios of one's own.

    Args:
        frame: scenario, moves String; after, change, ret, health Float64.
    """
    return table(
        frame.with_columns(no_loan=pl.when(pl.col("health").is_null()).then(pl.lit("no loan has a threshold"))),
        title="Scenarios",
        subtitle="look-through; net value of the week's last positions",
        fields=(
            Field(name="scenario", title="Scenario"),
            Field(name="moves", title="Moves"),
            Field(name="after", title="After", unit="USD whole"),
            Field(name="change", title="Change", unit="USD whole signed", tone=True),
            Field(name="ret", title="Of net value", unit="fraction", tone=True),
            Field(name="health", title="Least health factor", unit="ratio", reason="no_loan"),
        ),
        empty="There is no scenario, or nothing is held.",
    )


def attention(frame: pl.DataFrame) -> View:
    """What is at risk, what needs a decision and whether the numbers can be trusted.

    Args:
        frame: group, title, unit, state, note, reason String; now, limit, worst Float64.
    """
    state = pl.col("state").fill_null("").replace({"within": "Within", "beyond": "Beyond", "not known": "Not known",
                                                   "no limit set": "None set"})  # fmt: skip
    sheet = table(
        frame.with_columns(state=state, note=pl.col("note").fill_null("")),
        title="What needs attention",
        subtitle="shares of net value; drawdown against the owner's limit; value at risk: historical, since inception",
        fields=(
            Field(name="title", title="", width=33),
            Field(name="now", title="Now", unit_from="unit", reason="reason"),
            Field(name="limit", title="Limit", unit_from="unit"),
            Field(name="worst", title="Week's worst", unit_from="unit"),
            Field(name="state", title="State"),
            Field(name="note", title="", width=34),
        ),
        group="group",
    )
    return _without_dashes(sheet, "limit", "worst")


def values_at_risk(frame: pl.DataFrame) -> View:
    """Every value at risk on these pages in one table.

    Args:
        frame: title, base, reason String; rate, amount Float64; n Int64.
    """
    return table(
        frame,
        title="Value at risk by method",
        subtitle="one day at 95 %; share of net value, and USD at the last net value",
        fields=(
            Field(name="title", title="Method", width=24),
            Field(name="base", title="Computed from", width=40),
            Field(name="n", title="Days", unit="count"),
            Field(name="rate", title="Of net value", unit="rate", reason="reason"),
            Field(name="amount", title="USD", unit="USD whole", reason="reason"),
        ),
    )


def exposure(frame: pl.DataFrame) -> View:
    """Assets, debts, leverage, turnover and costs week by week.

    Args:
        frame: week_end Date; net, assets, debts, leverage, turnover, costs Float64; reason String.
    """
    return table(
        frame,
        title="Exposure, turnover and costs by week",
        subtitle="USD at the week's last quotes; leverage: assets over net value; turnover, costs: of mean net value",
        fields=(
            Field(name="week_end", title="Week to", unit="date"),
            Field(name="net", title="Net value", unit="USD whole", reason="reason"),
            Field(name="assets", title="Assets", unit="USD whole", reason="reason"),
            Field(name="debts", title="Debts", unit="USD whole", reason="reason"),
            Field(name="leverage", title="Leverage", unit="ratio", reason="reason"),
            Field(name="turnover", title="Turnover", unit="share", reason="reason"),
            Field(name="costs", title="Costs", unit="rate", reason="reason"),
        ),
        notes=("Turnover: what trades bought. Costs: gas, and what trades cost against last quotes.",)
        if frame.height
        else (),
        empty="Nothing has moved yet.",
    )


def strategies(frame: pl.DataFrame) -> View:
    """Realised yield of each strategy next to the platform's claim.

    Args:
        frame: satellite, strategy, reason String; claimed, realised, difference Float64 a year; income, capital,
            gain, gas Float64 in USD; days Int64.
    """
    return table(
        frame.with_columns(unclaimed=pl.when(pl.col("claimed").is_null()).then(pl.lit("the platform states none")),
                             apart=pl.coalesce("reason", pl.when(pl.col("claimed").is_null()).then(
                                 pl.lit("the platform states none")))),
        title="Strategies: earned and claimed",
        subtitle="since inception; yield a year on average capital less debts; gain with price moves and costs, USD",
        fields=(
            Field(name="satellite", title="Satellite", width=22),
            Field(name="strategy", title="Strategy"),
            Field(name="days", title="Days", unit="count"),
            Field(name="capital", title="Capital", unit="USD whole", reason="reason"),
            Field(name="income", title="Income", unit="USD whole signed", reason="reason"),
            Field(name="gain", title="Gain", unit="USD whole signed", reason="reason", tone=True),
            Field(name="realised", title="Realised", unit="fraction", reason="reason"),
            Field(name="claimed", title="Claimed", unit="fraction", reason="unclaimed"),
            Field(name="difference", title="Difference", unit="fraction", reason="apart", tone=True),
        ),
        notes=("Income: yield, rewards and liquidity fees.",) if frame.height else (),
        empty="No satellite runs a strategy for this portfolio.",
    )  # fmt: skip
