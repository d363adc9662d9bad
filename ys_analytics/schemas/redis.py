"""What Redis holds: caches that expire, and the sets that agents act on.

Knows each key family's pattern, type, lifetime and the frame it loads as. A
family's name is its key's words after `redis_`. Sessions are counted, never read.
"""

import polars as pl

from ys_analytics.schemas.rules import (
    GENESIS,
    JSON,
    LABEL,
    TEXT,
    UUID,
    Bounded,
    Formatted,
    NotAhead,
    OneOf,
    Refers,
    Required,
    Rule,
    Unique,
)
from ys_analytics.schemas.table import MONEY, TIME, Column, KeyFamily

_TTL = Column(
    name="ttl_ms",
    dtype=pl.Int64(),
    meaning="Lifetime left when it was read; none if it stays.",
    unit="ms",
    nullable=True,
)


def _text(name: str, meaning: str, *rules: Rule) -> Column:
    return Column(name=name, dtype=pl.String(), meaning=meaning, rules=rules)


def _value(name: str, meaning: str, *rules: Rule, unit: str) -> Column:
    return Column(name=name, dtype=MONEY, native="decimal text", meaning=meaning, unit=unit, rules=rules)


def _moment(name: str, meaning: str, *rules: Rule) -> Column:
    return Column(name=name, dtype=TIME, native="ISO-8601 text", meaning=meaning, unit="UTC", rules=rules)


def _place(meaning: str, *rules: Rule) -> Column:
    return Column(name="position", dtype=pl.UInt32(), meaning=meaning, rules=rules)


_ASSET = _text("asset_id", "Which asset.")
_PORTFOLIO = _text("portfolio_id", "Which portfolio.")
_AGENT = _text("agent_id", "Which satellite.")
_METRIC = _text("metric", "What was measured.")
_MEASURE = _value("value", "The measurement.", unit="as named")
_CHAIN = Column(name="chain_id", dtype=pl.UInt32(), meaning="On which chain.")
_SECRET = Column(name="key", dtype=pl.String(), meaning="Holds a secret: counted, never read.", secret=True)

_RISK_CORRELATION_ID = Formatted(UUID, "warning", "A correlation with something nobody knows is of no use.")
_RISK_CORRELATION_REFERS = Refers("assets.id", "warning", "A correlation is with nothing we know.")

_AGENT_PERF_LABEL = Formatted(LABEL, "warning", "Two spellings split one record in two.")

_PORTFOLIO_PERF_LABEL = Formatted(LABEL, "warning", "A figure filed under another spelling is never found.")

TABLES = (
    KeyFamily(
        name="redis_price_current",
        store="redis",
        pattern="price:current:{asset_id}:{chain_id}",
        kind="string",
        ttl=60,
        key=("asset_id", "chain_id"),
        meaning="The last price of each asset.",
        affects=("asset_id", "asset"),
        holds="A price",
        unique=Unique("critical", "Two last prices of one asset: which one is shown is chance."),
        required=Required("critical", "A last price without its moment or source cannot be told from a stale one."),
        columns=(
            _ASSET.with_rules(
                Formatted(UUID, "critical", "A price of an asset nobody knows is shown nowhere."),
                Refers("assets.id", "warning", "A last price is of nothing we know."),
            ),
            _CHAIN.with_rules(Bounded("warning", "A price on no chain joins to no asset.", at_least=0)),
            _value(
                "price",
                "Price of one unit.",
                Bounded("critical", "A last price below nothing is printed as today's value.", at_least=0),
                Bounded(
                    "warning",
                    "A last price of nothing, or of more than any share of a pool ever cost, is shown as today's "
                    "value.",
                    above=0,
                    at_most=10_000_000_000_000,
                ),
                unit="USD",
            ),
            _value(
                "volume_24h",
                "Traded in the last 24 hours.",
                Required("warning", "Liquidity looks like none where a volume is not known."),
                Bounded("warning", "Liquidity looks worse than none when a volume is negative.", at_least=0),
                unit="USD",
            ),
            _value(
                "change_24h",
                "Change of the price in 24 hours.",
                Required("warning", "Movers of the day leave out a coin whose change is not known."),
                Bounded(
                    "warning", "Movers of the day are led by percent read as a fraction.", at_least=-1, at_most=100
                ),
                unit="fraction",
            ),
            _moment(
                "timestamp",
                "When it was quoted.",
                Bounded("critical", "A quote from 1970 is shown as the last price.", at_least=GENESIS),
                NotAhead("warning", "A quote from tomorrow is never replaced by today's; a zone was added twice."),
            ),
            _text(
                "source",
                "Who quoted it.",
                Formatted(LABEL, "warning", "Two spellings of one source count as two opinions."),
            ),
            _TTL,
        ),
    ),
    KeyFamily(
        name="redis_price_hist",
        store="redis",
        pattern="price:hist:{asset_id}:{period}",
        kind="string",
        ttl=60,
        key=("asset_id", "period", "timestamp"),
        meaning="Recent prices of each asset.",
        affects=("asset_id", "asset"),
        holds="A history",
        unique=Unique("warning", "A moment quoted twice bends the line."),
        required=Required("warning", "A point without a price or moment breaks the line."),
        columns=(
            _ASSET.with_rules(
                Formatted(UUID, "warning", "The history of an asset nobody knows is drawn nowhere."),
                Refers("assets.id", "warning", "A line is of nothing we know."),
            ),
            _text(
                "period",
                "Over which stretch: 1h, 24h or 7d.",
                OneOf("warning", "A line over a stretch nobody asked for is never shown.", ("1h", "24h", "7d")),
            ),
            _moment(
                "timestamp",
                "When it was quoted.",
                Bounded("warning", "One point in 1970 flattens fifty years of line.", at_least=GENESIS),
                NotAhead("warning", "A point from tomorrow bends the line; a zone was added twice."),
            ),
            _value(
                "price",
                "Price of one unit.",
                Bounded(
                    "warning",
                    "One price of nothing, or unscaled, is all that the line shows.",
                    above=0,
                    at_most=10_000_000,
                ),
                unit="USD",
            ),
            _TTL,
        ),
    ),
    KeyFamily(
        name="redis_price_alerts",
        store="redis",
        pattern="price:alerts:{asset_id}",
        kind="list",
        ttl=60,
        key=("asset_id", "position"),
        meaning="Price levels to be alerted at.",
        affects=("asset_id", "asset"),
        holds="An alert",
        unique=Unique("warning", "An alert listed twice wakes somebody twice."),
        required=Required("warning", "An alert that says nothing, of nothing, is noise."),
        columns=(
            _ASSET.with_rules(
                Formatted(UUID, "warning", "A move of an asset nobody knows concerns nobody."),
                Refers("assets.id", "warning", "An alert is about nothing we know."),
            ),
            _place(
                "Place in the list, 0 first.",
                Bounded(
                    "warning", "A queue of a million alerts is not read by anybody.", at_least=0, at_most=1_000_000
                ),
            ),
            _text(
                "alert",
                "The alert, as JSON.",
                Formatted(
                    JSON, "warning", "A price move somebody asked to hear of is lost when the alert cannot be read."
                ),
            ),
            _TTL,
        ),
    ),
    KeyFamily(
        name="redis_portfolio_positions",
        store="redis",
        pattern="portfolio:positions:{portfolio_id}",
        kind="string",
        ttl=300,
        key=("portfolio_id",),
        portfolio="portfolio_id",
        meaning="Cached positions of each portfolio.",
        affects=("portfolio_id", "portfolio"),
        holds="A set of holdings",
        unique=Unique("warning", "Two caches of one portfolio show two sets of holdings."),
        required=Required("warning", "An empty cache shows a portfolio as if it held nothing."),
        columns=(
            _PORTFOLIO.with_rules(
                Formatted(UUID, "warning", "Holdings cached for nobody are shown to nobody."),
                Refers("portfolios.id", "warning", "Holdings of nobody are cached."),
            ),
            _text(
                "positions",
                "The positions, as a JSON list.",
                Formatted(JSON, "warning", "A cache that cannot be read shows a portfolio as if it held nothing."),
            ),
            _TTL,
        ),
    ),
    KeyFamily(
        name="redis_portfolio_perf",
        store="redis",
        pattern="portfolio:perf:{portfolio_id}:{period}",
        kind="hash",
        ttl=300,
        key=("portfolio_id", "period", "metric"),
        portfolio="portfolio_id",
        meaning="Cached performance of each portfolio.",
        affects=("portfolio_id", "portfolio"),
        holds="A figure",
        unique=Unique("warning", "Two values of one metric: which one is shown is chance."),
        required=Required("warning", "A figure without its name or period is shown under the wrong head."),
        columns=(
            _PORTFOLIO.with_rules(
                Formatted(UUID, "warning", "Performance of nobody is shown to nobody."),
                Refers("portfolios.id", "warning", "Performance of nobody is cached."),
            ),
            _text("period", "Over which stretch.", _PORTFOLIO_PERF_LABEL),
            _METRIC.with_rules(_PORTFOLIO_PERF_LABEL),
            _MEASURE.with_rules(
                Bounded(
                    "warning",
                    "One unscaled figure is all that the page shows.",
                    at_least=-1_000_000_000_000,
                    at_most=1_000_000_000_000,
                )
            ),
            _TTL,
        ),
    ),
    KeyFamily(
        name="redis_portfolio_risk",
        store="redis",
        pattern="portfolio:risk:{portfolio_id}",
        kind="hash",
        ttl=300,
        key=("portfolio_id", "metric"),
        portfolio="portfolio_id",
        meaning="Cached risk of each portfolio.",
        affects=("portfolio_id", "portfolio"),
        holds="A risk",
        unique=Unique("warning", "Two values of one risk: which one is shown is chance."),
        required=Required("warning", "A risk without its name or size warns of nothing."),
        columns=(
            _PORTFOLIO.with_rules(
                Formatted(UUID, "warning", "The risk of nobody warns nobody."),
                Refers("portfolios.id", "warning", "Risk of nobody is cached."),
            ),
            _METRIC.with_rules(Formatted(LABEL, "warning", "A risk filed under another spelling is never found.")),
            _MEASURE.with_rules(
                Bounded(
                    "warning",
                    "One unscaled risk hides all others.",
                    at_least=-1_000_000_000_000,
                    at_most=1_000_000_000_000,
                )
            ),
            _TTL,
        ),
    ),
    KeyFamily(
        name="redis_portfolio_rebalance",
        store="redis",
        pattern="portfolio:rebalance:{portfolio_id}",
        kind="string",
        ttl=300,
        key=("portfolio_id",),
        portfolio="portfolio_id",
        meaning="Target and actual weights of each portfolio.",
        affects=("portfolio_id", "portfolio"),
        holds="A plan",
        unique=Unique("warning", "Two plans for one portfolio are both traded."),
        required=Required("warning", "A plan without weights sells everything."),
        columns=(
            _PORTFOLIO.with_rules(
                Formatted(UUID, "warning", "A plan for nobody is carried out for nobody."),
                Refers("portfolios.id", "warning", "Somebody trades on a plan for nobody."),
            ),
            _text(
                "weights",
                "Target and actual weights, as JSON.",
                Formatted(JSON, "warning", "A plan that cannot be read is not carried out."),
            ),
            _TTL,
        ),
    ),
    KeyFamily(
        name="redis_agent_health",
        store="redis",
        pattern="agent:health:{agent_id}",
        kind="hash",
        ttl=60,
        key=("agent_id", "field"),
        meaning="How each satellite is.",
        affects=(),
        holds="A state of health",
        unique=Unique("warning", "A satellite both well and ill is shown as either."),
        required=Required("warning", "A satellite that says nothing is shown as well."),
        columns=(
            _AGENT.with_rules(
                Formatted(LABEL, "warning", "Two spellings split one satellite in two."),
                Refers("satellite_agents.id", "warning", "The health of a satellite nobody registered is shown."),
            ),
            _text(
                "field",
                "status, last_check or version.",
                OneOf(
                    "warning",
                    "What a satellite says under another name is not heard.",
                    ("status", "last_check", "version"),
                ),
            ),
            _text("value", "What it says."),
            _TTL,
        ),
    ),
    KeyFamily(
        name="redis_agent_tasks",
        store="redis",
        pattern="agent:tasks:{agent_id}:pending",
        kind="list",
        ttl=60,
        key=("agent_id", "position"),
        meaning="Tasks each satellite has yet to begin.",
        affects=(),
        holds="A queue",
        unique=Unique("warning", "A task queued twice is done twice."),
        required=Required("warning", "A place in the queue without a task is never worked off."),
        columns=(
            _AGENT.with_rules(
                Formatted(LABEL, "warning", "Two spellings split one satellite's queue in two."),
                Refers("satellite_agents.id", "warning", "A queue belongs to a satellite nobody registered."),
            ),
            _place(
                "Place in the queue, 0 first.",
                Bounded("warning", "A queue of a million tasks is not being worked.", at_least=0, at_most=1_000_000),
            ),
            _text(
                "task_id",
                "Which task.",
                Formatted(UUID, "warning", "A task that is not named by UUID is found in no table."),
                Refers("agent_tasks.id", "warning", "A satellite is given a task nobody wrote down."),
            ),
            _TTL,
        ),
    ),
    KeyFamily(
        name="redis_agent_perf",
        store="redis",
        pattern="agent:perf:{agent_id}",
        kind="hash",
        ttl=60,
        key=("agent_id", "metric"),
        meaning="Cached performance of each satellite.",
        affects=(),
        holds="A figure",
        unique=Unique("warning", "Two values of one metric: which one counts is chance."),
        required=Required("warning", "A figure without its name or size compares nothing."),
        columns=(
            _AGENT.with_rules(
                _AGENT_PERF_LABEL,
                Refers("satellite_agents.id", "warning", "Marks of a satellite nobody registered are shown."),
            ),
            _METRIC.with_rules(_AGENT_PERF_LABEL),
            _MEASURE.with_rules(
                Bounded(
                    "warning",
                    "One unscaled figure is all that the table shows.",
                    at_least=-1_000_000_000_000,
                    at_most=1_000_000_000_000,
                )
            ),
            _TTL,
        ),
    ),
    KeyFamily(
        name="redis_agent_config",
        store="redis",
        pattern="agent:config:{agent_id}",
        kind="string",
        ttl=3600,
        key=("agent_id",),
        meaning="How each satellite is set.",
        affects=(),
        holds="A setting",
        unique=Unique("warning", "Two settings of one satellite: which one it runs with is chance."),
        required=Required("warning", "A satellite without settings runs with whatever it has."),
        columns=(
            _AGENT.with_rules(
                Formatted(LABEL, "warning", "Settings under another spelling reach nobody."),
                Refers("satellite_agents.id", "warning", "Settings wait for a satellite nobody registered."),
            ),
            _text(
                "config",
                "The settings, as JSON.",
                Formatted(JSON, "warning", "Settings that cannot be read are not applied."),
            ),
            _TTL,
        ),
    ),
    KeyFamily(
        name="redis_session_user",
        store="redis",
        pattern="session:user:{session_token}",
        kind="string",
        ttl=86400,
        key=(),
        secret=True,
        meaning="Live sessions.",
        affects=(),
        columns=(_SECRET,),
    ),
    KeyFamily(
        name="redis_session_perms",
        store="redis",
        pattern="session:perms:{user_id}",
        kind="string",
        ttl=86400,
        key=(),
        secret=True,
        meaning="Cached permissions.",
        affects=(),
        columns=(_SECRET,),
    ),
    KeyFamily(
        name="redis_rate_limit",
        store="redis",
        pattern="rate:limit:{user_id}:{endpoint}",
        kind="string",
        ttl=900,
        key=("user_id", "endpoint"),
        meaning="Calls each user made lately.",
        affects=(),
        holds="A counter",
        unique=Unique("warning", "Two counters for one caller let through twice as many calls."),
        required=Required("warning", "A counter that counts nothing lets everything through."),
        columns=(
            _text(
                "user_id",
                "Which user.",
                Formatted(UUID, "warning", "Calls of nobody are limited for nobody."),
                Refers("users.id", "warning", "Calls of nobody are counted."),
            ),
            _text(
                "endpoint",
                "Which endpoint.",
                Formatted(TEXT, "warning", "Calls to a blank endpoint are counted against none."),
            ),
            Column(
                name="calls",
                dtype=pl.Int64(),
                native="integer text",
                meaning="How many calls.",
                rules=(
                    Bounded(
                        "warning",
                        "A counter below zero, or gone round, lets everything through.",
                        at_least=0,
                        at_most=1_000_000_000,
                    ),
                ),
            ),
            _TTL,
        ),
    ),
    KeyFamily(
        name="redis_risk_liquidation",
        store="redis",
        pattern="risk:liquidation",
        kind="zset",
        ttl=None,
        key=("portfolio_id",),
        portfolio="portfolio_id",
        meaning="How close each portfolio is to liquidation.",
        affects=("portfolio_id", "portfolio"),
        holds="A warning",
        unique=Unique("critical", "A portfolio at two places of the list is acted on at the wrong one."),
        required=Required("critical", "A portfolio close to liquidation is missing from the list of who must act."),
        columns=(
            _PORTFOLIO.with_rules(
                Formatted(UUID, "critical", "A warning for nobody saves nobody."),
                Refers("portfolios.id", "critical", "The list of who must act names nobody."),
            ),
            Column(
                name="risk",
                dtype=pl.Float64(),
                meaning="0 none, 1 now.",
                unit="score",
                rules=(
                    Bounded(
                        "critical",
                        "A score off its scale sorts a portfolio to the wrong end of the list of who must act.",
                        at_least=0,
                        at_most=1,
                    ),
                ),
            ),
            _TTL,
        ),
    ),
    KeyFamily(
        name="redis_risk_correlation",
        store="redis",
        pattern="risk:correlation:{portfolio_id}",
        kind="hash",
        ttl=None,
        key=("portfolio_id", "asset_a", "asset_b"),
        portfolio="portfolio_id",
        meaning="Correlation of each pair of assets a portfolio holds.",
        affects=("portfolio_id", "portfolio"),
        holds="A matrix",
        unique=Unique("warning", "Two correlations of one pair: which one counts is chance."),
        required=Required("warning", "A pair without a correlation looks uncorrelated."),
        columns=(
            _PORTFOLIO.with_rules(
                _RISK_CORRELATION_ID, Refers("portfolios.id", "warning", "Diversification of nobody is cached.")
            ),
            _text("asset_a", "First asset.", _RISK_CORRELATION_ID, _RISK_CORRELATION_REFERS),
            _text("asset_b", "Second asset.", _RISK_CORRELATION_ID, _RISK_CORRELATION_REFERS),
            _value(
                "correlation",
                "Correlation of daily returns.",
                Bounded("warning", "A correlation beyond one claims more than certainty.", at_least=-1, at_most=1),
                unit="ratio",
            ),
            _TTL,
        ),
    ),
    KeyFamily(
        name="redis_alerts_queue",
        store="redis",
        pattern="alerts:queue:high",
        kind="list",
        ttl=None,
        key=("position",),
        meaning="Alerts not yet handled.",
        affects=None,
        holds="A grave alert",
        unique=Unique("warning", "An alert at two places wakes somebody twice."),
        required=Required("critical", "Somebody is woken for nothing, or not woken at all."),
        columns=(
            _place(
                "Place in the queue, 0 first.",
                Bounded(
                    "warning", "A queue of a million alerts is not read by anybody.", at_least=0, at_most=1_000_000
                ),
            ),
            _text(
                "alert",
                "The alert, as JSON.",
                Formatted(JSON, "critical", "A grave alert that cannot be read is not read."),
            ),
            _TTL,
        ),
    ),
    KeyFamily(
        name="redis_arbitrage_opps",
        store="redis",
        pattern="arbitrage:opps",
        kind="zset",
        ttl=30,
        key=("opportunity",),
        meaning="Arbitrage open at this moment.",
        affects=(),
        holds="An opportunity",
        unique=Unique("warning", "One trade listed twice is made twice."),
        required=Required("warning", "A trade without a profit is made for nothing."),
        columns=(
            _text(
                "opportunity",
                "The trade, as JSON.",
                Formatted(JSON, "warning", "A trade that cannot be read cannot be made, and holds its place."),
            ),
            Column(
                name="profit",
                dtype=pl.Float64(),
                meaning="Expected profit.",
                unit="USD",
                rules=(
                    Bounded(
                        "warning",
                        "A loss, or millions for nothing, leads the list: one leg was priced in another unit.",
                        at_least=0,
                        at_most=10_000_000,
                    ),
                ),
            ),
            _TTL,
        ),
    ),
    KeyFamily(
        name="redis_arbitrage_routes",
        store="redis",
        pattern="arbitrage:routes:{asset_id}",
        kind="hash",
        ttl=30,
        key=("asset_id", "bridge"),
        meaning="Bridges an asset can take.",
        affects=("asset_id", "asset"),
        holds="A route",
        unique=Unique("warning", "Two routes over one bridge: which one is taken is chance."),
        required=Required("warning", "A route to nowhere is taken."),
        columns=(
            _ASSET.with_rules(
                Formatted(UUID, "warning", "A route for an asset nobody knows is never taken."),
                Refers("assets.id", "warning", "A route is for nothing we know."),
            ),
            _text(
                "bridge",
                "Which bridge.",
                Formatted(TEXT, "warning", "A bridge without a name cannot be trusted or avoided."),
            ),
            _text(
                "route", "The route, as JSON.", Formatted(JSON, "warning", "A route that cannot be read is not taken.")
            ),
            _TTL,
        ),
    ),
    KeyFamily(
        name="redis_bridge_fees",
        store="redis",
        pattern="bridge:fees:{chain_id}:{target_chain_id}",
        kind="hash",
        ttl=30,
        key=("chain_id", "target_chain_id", "bridge"),
        meaning="What each bridge charges.",
        affects=("chain_id", "chain"),
        holds="A fee",
        unique=Unique("warning", "Two fees of one bridge: which one is charged is chance."),
        required=Required("warning", "A crossing without a fee looks free."),
        columns=(
            Column(
                name="chain_id",
                dtype=pl.UInt32(),
                meaning="From which chain.",
                rules=(Bounded("warning", "A crossing from no chain starts nowhere.", at_least=1),),
            ),
            Column(
                name="target_chain_id",
                dtype=pl.UInt32(),
                meaning="To which chain.",
                rules=(Bounded("warning", "A crossing to no chain ends nowhere.", at_least=1),),
            ),
            _text("bridge", "Which bridge.", Formatted(TEXT, "warning", "A bridge without a name cannot be compared.")),
            _value(
                "fee",
                "What it charges.",
                Bounded(
                    "warning",
                    "A negative fee pays for crossing, and a huge one is priced in another unit; both mislead a route.",
                    at_least=0,
                    at_most=100_000,
                ),
                unit="USD",
            ),
            _TTL,
        ),
    ),
)
