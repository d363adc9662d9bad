"""What ClickHouse holds: prices, trades, yields and what the platform measured.

Knows the six tables with the types `system.columns` must show, under rulings C1
to C8. Holds no SQL.
"""

import polars as pl

from ys_analytics.schemas.rules import (
    ADDRESS,
    GENESIS,
    LABEL,
    TEXT,
    TRANSACTION_HASH,
    UUID,
    Bounded,
    Formatted,
    NoGap,
    NotAhead,
    NotSilent,
    OnTime,
    Refers,
    Required,
    Rows,
    Rule,
    Unique,
    UsualRows,
)
from ys_analytics.schemas.table import MONEY, TIME, Column, Table

_PAIR = pl.Struct({"key": pl.String(), "value": pl.Decimal(18, 8)})
_NOTE = pl.Struct({"key": pl.String(), "value": pl.String()})


def _time(meaning: str, *rules: Rule) -> Column:
    return Column(name="timestamp", dtype=TIME, native="DateTime64(3, 'UTC')", meaning=meaning, unit="UTC", rules=rules)


def _text(name: str, meaning: str, *rules: Rule) -> Column:
    return Column(name=name, dtype=pl.String(), native="String", meaning=meaning, rules=rules)


def _amount(name: str, meaning: str, *rules: Rule, unit: str) -> Column:
    return Column(name=name, dtype=MONEY, native="Decimal(38, 18)", meaning=meaning, unit=unit, rules=rules)


def _rate(name: str, meaning: str, *rules: Rule, unit: str = "fraction") -> Column:
    return Column(name=name, dtype=pl.Decimal(18, 8), native="Decimal(18, 8)", meaning=meaning, unit=unit, rules=rules)


def _count(name: str, meaning: str, *rules: Rule, unit: str = "") -> Column:
    return Column(name=name, dtype=pl.UInt32(), native="UInt32", meaning=meaning, unit=unit, rules=rules)


MARKET_DATA = Table(
    name="market_data",
    store="clickhouse",
    key=("asset_id", "chain_id", "timestamp", "source"),
    time="timestamp",
    meaning="Prices as they were quoted.",
    feed=True,
    series=("asset_id", "chain_id", "source"),
    affects=("asset_id", "asset"),
    rows=Rows(1, "critical", "Nothing can be valued without a single price; the market feed has not arrived."),
    unique=Unique("critical", "Two prices for one moment value a portfolio twice over; which one counts is chance."),
    required=Required(
        "critical", "A price without its moment, asset, chain or source cannot be used, and is used all the same."
    ),
    columns=(
        _time(
            "When it was quoted.",
            Bounded(
                "critical",
                "Epoch zero, or milliseconds read as seconds, puts a price before there was any coin to price.",
                at_least=GENESIS,
            ),
            NoGap(
                "warning",
                "Volatility is understated over days without prices, and a jump after them looks like one day's.",
            ),
            OnTime("warning", "Everything is valued at prices from before; the market feed has stopped."),
            UsualRows("warning", "Means and extremes of a day with half its quotes, or twice, are not comparable."),
            NotAhead("warning", "Tomorrow's price values today's holdings; a zone was added twice."),
        ),
        _text(
            "asset_id",
            "Which asset, as PostgreSQL's UUID.",
            Formatted(
                UUID,
                "critical",
                "Prices of assets that are not spelt as PostgreSQL's UUID join to nothing, so holdings lose their "
                "price.",
            ),
            NotSilent("warning", "A holding keeps its last price while the market moves on."),
            Refers("assets.id", "warning", "A price is of nothing we know."),
        ),
        _count(
            "chain_id",
            "On which chain; 0 for a coin with a chain of its own.",
            Bounded("critical", "A price on no chain joins to no asset.", at_least=0),
        ),
        _amount(
            "price",
            "Price of one unit.",
            Bounded("critical", "A negative price turns a holding into a debt.", at_least=0, refused=True),
            Bounded(
                "warning",
                "A price of zero wipes out a holding. A token that fell below all decimals the store keeps has it "
                "honestly.",
                above=0,
                refused=True,
            ),
            Bounded(
                "warning",
                "One unscaled price makes a portfolio worth more than the world. Shares of pools of two coins with "
                "six decimals do cost trillions each, so this is a hint and no limit.",
                at_most=10_000_000_000_000,
            ),
            unit="USD",
        ),
        _amount(
            "volume_24h",
            "Traded in the last 24 hours.",
            Required("warning", "A jump in price cannot be told from an error without the volume that came with it."),
            Bounded(
                "warning",
                "Liquidity looks worse than none when a volume is negative; the feed confused its signs.",
                at_least=0,
                refused=True,
            ),
            unit="USD",
        ),
        _amount(
            "market_cap",
            "Price times supply; 0 where unknown.",
            Required("warning", "Rankings by size leave out a coin whose market value is not known."),
            Bounded(
                "warning",
                "Rankings by size turn upside down when a market value is negative.",
                at_least=0,
                refused=True,
            ),
            unit="USD",
        ),
        _rate(
            "price_change_24h",
            "Change of the price in 24 hours.",
            Required("warning", "Movers of the day leave out a coin whose change is not known."),
            Bounded(
                "warning",
                "A change below minus one claims that a price fell beyond nothing; percent was read as a fraction.",
                at_least=-1,
            ),
            Bounded(
                "warning",
                "A day of ten thousand per cent in the table of movers is percent read as a fraction.",
                at_most=100,
            ),
        ),
        _text(
            "source",
            "Who quoted it.",
            Formatted(LABEL, "warning", "Two spellings of one source count as two opinions."),
        ),
    ),
)

_DEX_TRADES_MISSING = Required("warning", "Volume by exchange is short of swaps whose exchange or pool is not known.")
_DEX_TRADES_ADDRESS = Formatted(
    ADDRESS, "warning", "A contract that is not an address joins to no token, so its swaps fall out of every total."
)

DEX_TRADES = Table(
    name="dex_trades",
    store="clickhouse",
    key=("chain_id", "dex_name", "timestamp", "transaction_hash", "pair_address"),
    time="timestamp",
    events=True,
    meaning="Swaps on decentralised exchanges.",
    affects=("pair_address", "pool"),
    unique=Unique(
        "warning",
        "Volume doubles when a swap is counted twice. One transaction may swap in one pool again and again, so only "
        "rows that are alike in all are one swap.",
    ),
    required=Required("critical", "A swap without its place, time or amounts can be neither priced nor counted."),
    columns=(
        _time(
            "When it was included.",
            Bounded(
                "critical",
                "Epoch zero, or milliseconds read as seconds, puts a swap before there was a chain.",
                at_least=GENESIS,
            ),
            OnTime("warning", "Volume falls to nothing because nobody counts; the trade feed has stopped."),
            UsualRows("warning", "Volume of a day that came in half, or twice, is not comparable."),
            NotAhead("warning", "A swap from tomorrow is in no week; a zone was added twice."),
        ),
        _count("chain_id", "On which chain.", Bounded("warning", "A swap on chain zero happened nowhere.", at_least=1)),
        _text(
            "dex_name",
            "On which exchange.",
            _DEX_TRADES_MISSING,
            Formatted(TEXT, "warning", "Volume by exchange loses what is filed under a blank name."),
        ),
        _text("pair_address", "In which pool.", _DEX_TRADES_MISSING, _DEX_TRADES_ADDRESS),
        _text("token0_address", "First token's contract.", _DEX_TRADES_ADDRESS),
        _text("token1_address", "Second token's contract.", _DEX_TRADES_ADDRESS),
        _amount("amount0", "Change of the pool's first token; negative leaves it.", unit="token0"),
        _amount("amount1", "Change of the pool's second token; negative leaves it.", unit="token1"),
        _amount(
            "price",
            "token1 paid for one token0.",
            Bounded(
                "warning",
                "A swap at no price, or a negative one, moved nothing and still moves every mean it enters; a price "
                "below all decimals the store keeps reads as none.",
                above=0,
                refused=True,
            ),
            unit="token1 per token0",
        ),
        _text(
            "transaction_hash",
            "Its hash on chain.",
            Formatted(TRANSACTION_HASH, "warning", "A swap nobody can look up on chain cannot be audited."),
        ),
        Column(
            name="block_number",
            dtype=pl.UInt64(),
            native="UInt64",
            meaning="In which block.",
            rules=(Bounded("warning", "Order within a second is lost when the block is not known.", at_least=1),),
        ),
    ),
)

_YIELD_METRICS_TEXT = Formatted(TEXT, "warning", "Yields filed under a blank name are nobody's.")
_YIELD_METRICS_MISSING = Required(
    "info", "The split of a yield is unknown here: none may mean no reward programme, and is not zero."
)
_YIELD_METRICS_BOUNDS = Bounded(
    "warning", "Negative rewards or fees would be a charge; the parts of a yield were confused.", at_least=0
)

YIELD_METRICS = Table(
    name="yield_metrics",
    store="clickhouse",
    key=("protocol_name", "pool_address", "timestamp"),
    time="timestamp",
    meaning="What pools quoted.",
    feed=True,
    series=("protocol_name", "chain_id", "pool_address"),
    affects=("pool_address", "pool"),
    unique=Unique(
        "critical",
        "Two yields of one pool at one moment: the ranking shows whichever came last. One address on two chains is "
        "two pools.",
        by=("protocol_name", "chain_id", "pool_address", "timestamp"),
    ),
    required=Required("critical", "A yield without its pool, moment or size cannot be compared with another."),
    columns=(
        _time(
            "When it was quoted.",
            Bounded(
                "critical",
                "Epoch zero, or milliseconds read as seconds, puts a yield before there was a pool.",
                at_least=GENESIS,
            ),
            NoGap("warning", "A yield carried over days nobody quoted was not earned on them."),
            OnTime("warning", "Pools are ranked by what they paid before; the yield feed has stopped."),
            UsualRows("warning", "A mean over half the pools is not the mean of the day before."),
            NotAhead("warning", "Tomorrow's yield ranks today's pools; a zone was added twice."),
        ),
        _text("protocol_name", "Which protocol.", _YIELD_METRICS_TEXT),
        _text(
            "pool_address",
            "Which pool.",
            _YIELD_METRICS_TEXT,
            NotSilent("warning", "A pool that stopped reporting keeps its last yield in every ranking."),
        ),
        _count("chain_id", "On which chain.", Bounded("warning", "A pool on chain zero stands nowhere.", at_least=1)),
        _rate(
            "apy",
            "Yield per year, compounded.",
            Bounded(
                "warning",
                "Rankings and means are ruined by a yield above 1,000 % a year, right or wrong; nobody ever earned it.",
                at_most=10,
            ),
            Bounded(
                "warning",
                "A yield below minus one loses more than was put in: a unit was misread, or the loss of a day was "
                "taken for that of a year.",
                at_least=-1,
            ),
        ),
        _amount(
            "tvl",
            "Value locked.",
            Bounded(
                "warning",
                "Shares of a pool turn negative with the value locked in it; bad debt beyond what was lent does so.",
                at_least=0,
                refused=True,
            ),
            Bounded(
                "warning",
                "One unscaled pool is worth more than all of DeFi ever was, and tops every table; a pool of a spam "
                "token does so too.",
                at_most=1_000_000_000_000,
            ),
            unit="USD",
        ),
        _rate(
            "rewards_apr",
            "The part paid in reward tokens, per year, simple.",
            _YIELD_METRICS_MISSING,
            _YIELD_METRICS_BOUNDS,
        ),
        _rate(
            "trading_fees_apr",
            "The part earned from fees or interest, per year, simple.",
            _YIELD_METRICS_MISSING,
            _YIELD_METRICS_BOUNDS,
        ),
        _rate(
            "impermanent_loss_risk",
            "Expected impermanent loss: 0 none, 1 total.",
            _YIELD_METRICS_MISSING,
            Bounded(
                "warning",
                "A loss beyond everything, or below nothing, makes the net yield of a pool meaningless.",
                at_least=0,
                at_most=1,
            ),
        ),
    ),
)

_PORTFOLIO_SNAPSHOTS_MISSING = Required(
    "critical", "A snapshot without its moment, portfolio or value breaks the chain of daily returns."
)
_PORTFOLIO_SNAPSHOTS_BOUNDS = Bounded(
    "warning", "A claimed loss of more than everything was measured against the wrong base.", at_least=-1
)

PORTFOLIO_SNAPSHOTS = Table(
    name="portfolio_snapshots",
    store="clickhouse",
    key=("portfolio_id", "timestamp"),
    time="timestamp",
    portfolio="portfolio_id",
    meaning="Each portfolio's value, with what the platform claims of its return and risk.",
    series=("portfolio_id",),
    affects=("portfolio_id", "portfolio"),
    rows=Rows(1, "critical", "No portfolio has a value, so no report says anything."),
    unique=Unique("critical", "A snapshot counted twice moves the day's close."),
    required=Required("warning", "The platform's own claim is missing, so it cannot be held against ours."),
    columns=(
        _time(
            "When it was valued.",
            _PORTFOLIO_SNAPSHOTS_MISSING,
            Bounded(
                "critical",
                "Epoch zero, or milliseconds read as seconds, starts a portfolio's history before there was money in "
                "it.",
                at_least=GENESIS,
            ),
            NoGap("warning", "Returns over days without a value are one return, and volatility is understated."),
            OnTime("warning", "Every report shows values from before; valuation has stopped."),
            UsualRows("warning", "Totals over all portfolios jump on a day when half of them were not valued."),
            NotAhead("warning", "A value from tomorrow closes today; a zone was added twice."),
        ),
        _text(
            "portfolio_id",
            "Which portfolio, as PostgreSQL's UUID.",
            _PORTFOLIO_SNAPSHOTS_MISSING,
            Formatted(
                UUID,
                "critical",
                "Snapshots that are not spelt as PostgreSQL's UUID belong to no portfolio, whose history then has "
                "holes.",
            ),
            NotSilent("warning", "A report shows a value from before as if it were this week's."),
            Refers("portfolios.id", "critical", "A history belongs to no portfolio, and a portfolio has none."),
        ),
        _amount(
            "total_value",
            "Net value of all positions.",
            _PORTFOLIO_SNAPSHOTS_MISSING,
            Bounded(
                "warning",
                "Returns after a negative value are not defined. A debt above its collateral comes to one honestly, "
                "for as long as nobody liquidates it.",
                at_least=0,
            ),
            Bounded(
                "warning",
                "One unscaled amount makes a portfolio worth a trillion and every share of it zero.",
                at_most=1_000_000_000_000,
            ),
            unit="USD",
        ),
        _rate("total_return", "Claim: return since the beginning.", _PORTFOLIO_SNAPSHOTS_BOUNDS),
        _rate(
            "daily_return",
            "Claim: return of the day.",
            Bounded(
                "warning",
                "Moves this large have happened; two in a thousand days means bad prices.",
                at_least=-0.5,
                at_most=0.5,
                mostly=0.999,
            ),
            _PORTFOLIO_SNAPSHOTS_BOUNDS,
        ),
        _rate(
            "sharpe_ratio",
            "Claim: Sharpe ratio.",
            Bounded(
                "warning",
                "A ratio beyond a hundred is a division by almost no risk, and would top every ranking.",
                at_least=-100,
                at_most=100,
            ),
            unit="ratio",
        ),
        _rate(
            "max_drawdown",
            "Claim: deepest fall from a peak.",
            Bounded(
                "warning",
                "A fall of more than all there was makes the claimed risk meaningless; percent was read as a fraction.",
                at_least=-1,
                at_most=1,
            ),
        ),
        _rate(
            "volatility",
            "Claim: volatility per year.",
            Bounded(
                "warning",
                "Risk shown as negative, or as thousands of per cent, is a unit misread.",
                at_least=0,
                at_most=20,
            ),
        ),
        Column(
            name="asset_allocation",
            dtype=pl.List(_PAIR),
            native="Map(String, Decimal(18, 8))",
            meaning="Share of net value by asset id.",
            unit="fraction",
        ),
    ),
)

_RISK_METRICS_MISSING = Required(
    "warning", "A portfolio without this score looks safe only because nobody measured it."
)
_RISK_METRICS_BOUNDS = Bounded(
    "warning",
    "A score off its scale sorts a portfolio to the wrong end of the list of who must act.",
    at_least=0,
    at_most=1,
)

RISK_METRICS = Table(
    name="risk_metrics",
    store="clickhouse",
    key=("portfolio_id", "timestamp"),
    time="timestamp",
    portfolio="portfolio_id",
    meaning="What the platform claims each portfolio risks.",
    feed=True,
    series=("portfolio_id",),
    affects=("portfolio_id", "portfolio"),
    unique=Unique("critical", "Two risks of one portfolio at one moment: the backtest counts its exceptions twice."),
    required=Required(
        "critical", "A risk without its moment, portfolio or size cannot be tested against what happened."
    ),
    columns=(
        _time(
            "When it was measured.",
            Bounded(
                "critical",
                "Epoch zero, or milliseconds read as seconds, files a risk where nobody looks.",
                at_least=GENESIS,
            ),
            NoGap("warning", "A backtest leaves out the days on which nobody measured, which are often the worst."),
            OnTime("warning", "Risk is shown as it was before; measuring has stopped."),
            UsualRows("warning", "The list of who must act is short of portfolios nobody measured."),
            NotAhead("warning", "A risk from tomorrow is in no backtest; a zone was added twice."),
        ),
        _text(
            "portfolio_id",
            "Which portfolio, as PostgreSQL's UUID.",
            Formatted(UUID, "critical", "Risk that is not spelt as PostgreSQL's UUID is nobody's risk."),
            NotSilent("warning", "A portfolio's risk is shown as it was before."),
            Refers("portfolios.id", "warning", "A risk belongs to no portfolio."),
        ),
        _amount("var_95", "Claim: one-day loss exceeded one day in twenty.", unit="USD"),
        _amount("cvar_95", "Claim: mean loss on such days.", unit="USD"),
        _rate(
            "correlation_score",
            "Mean correlation of its assets.",
            _RISK_METRICS_MISSING,
            Bounded("warning", "A correlation beyond one claims more than certainty.", at_least=-1, at_most=1),
            unit="ratio",
        ),
        _rate(
            "liquidation_distance",
            "Fall of collateral that liquidates it; 1 where nothing is borrowed.",
            _RISK_METRICS_MISSING,
            _RISK_METRICS_BOUNDS,
        ),
        _rate(
            "protocol_risk_score",
            "Risk of the protocols it uses: 0 none, 1 certain.",
            _RISK_METRICS_MISSING,
            _RISK_METRICS_BOUNDS,
            unit="score",
        ),
    ),
)

_SATELLITE_PERFORMANCE_LABEL = Formatted(LABEL, "warning", "Two spellings split one satellite's record in two.")
_SATELLITE_PERFORMANCE_MISSING = Required("warning", "A satellite looks quick and faultless where nobody counted.")

SATELLITE_PERFORMANCE = Table(
    name="satellite_performance",
    store="clickhouse",
    key=("agent_id", "metric_name", "timestamp"),
    time="timestamp",
    meaning="How well each satellite agent worked.",
    feed=True,
    series=("agent_id", "metric_name"),
    affects=(),
    unique=Unique("critical", "A measurement counted twice pulls a satellite's mean towards it."),
    required=Required("critical", "A measurement without its satellite, name, moment or value measures nothing."),
    columns=(
        _time(
            "When it was measured.",
            Bounded(
                "critical",
                "Epoch zero, or milliseconds read as seconds, files a measurement where nobody looks.",
                at_least=GENESIS,
            ),
            OnTime("warning", "Satellites are compared by what they did before; measuring has stopped."),
            UsualRows("warning", "Means over half the measurements are not comparable.", clockwork=False),
            NotAhead("warning", "A measurement from tomorrow is in no week; a zone was added twice."),
        ),
        _text(
            "agent_id",
            "Which satellite.",
            _SATELLITE_PERFORMANCE_LABEL,
            NotSilent("warning", "A satellite that stopped keeps its last marks."),
            Refers("satellite_agents.id", "warning", "Marks are given to a satellite nobody registered."),
        ),
        _text("metric_name", "What was measured.", _SATELLITE_PERFORMANCE_LABEL),
        _amount(
            "metric_value",
            "The measurement.",
            Bounded(
                "warning",
                "One unscaled value is all that a chart of it will show.",
                at_least=-1_000_000_000_000,
                at_most=1_000_000_000_000,
            ),
            unit="as named",
        ),
        _count(
            "response_time_ms",
            "Median time to answer.",
            _SATELLITE_PERFORMANCE_MISSING,
            Bounded("warning", "An answer after an hour is a unit misread, and ruins the mean.", at_most=3_600_000),
            unit="ms",
        ),
        Column(
            name="success_rate",
            dtype=pl.Decimal(18, 4),
            native="Decimal(18, 4)",
            meaning="Share of tasks that succeeded.",
            unit="fraction",
            rules=(
                _SATELLITE_PERFORMANCE_MISSING,
                Bounded(
                    "warning",
                    "More successes than tasks: percent was read as a fraction, and the league table is wrong.",
                    at_least=0,
                    at_most=1,
                ),
            ),
        ),
        _count(
            "error_count",
            "Tasks that failed.",
            _SATELLITE_PERFORMANCE_MISSING,
            Bounded("warning", "A counter that went round below zero shows four billion errors.", at_most=1_000_000),
        ),
        Column(
            name="metadata",
            dtype=pl.List(_NOTE),
            native="Map(String, String)",
            meaning="What else was noted.",
            rules=(_SATELLITE_PERFORMANCE_MISSING,),
        ),
    ),
)

TABLES = (MARKET_DATA, DEX_TRADES, YIELD_METRICS, PORTFOLIO_SNAPSHOTS, RISK_METRICS, SATELLITE_PERFORMANCE)
