"""Rules that compare several tables or stores.

Each rule is one query over all frames of a run; ClickHouse's engine sees them as tables of their names.
Products of two exact decimals are taken as Float64 here, since their scale would overflow.
"""

from great_expectations import ExpectationSuite
from great_expectations.expectations import UnexpectedRowsExpectation

from ys_analytics.quality.ledger_rules import ledger_rules
from ys_analytics.schemas import TABLES, KeyFamily
from ys_analytics.schemas.outcomes import MOVING

# Rows of each table that is not a cache of seconds.
_COUNTED = " UNION ALL ".join(
    f"SELECT '{table.name}' AS emptied, count() AS held FROM {table.name}"  # noqa: S608 - names of our own tables
    for table in TABLES.values()
    if table.schema and not (isinstance(table, KeyFamily) and table.ttl)
)

SUITE = ExpectationSuite(
    name="cross_store",
    expectations=[
        UnexpectedRowsExpectation(
            description="portfolio_snapshots.total_value is the sum of portfolio_positions",
            unexpected_rows_query="""
                SELECT closed.portfolio_id AS portfolio_id, closed.total_value AS snapshot, held.value AS positions
                FROM (
                    SELECT portfolio_id, argMax(total_value, timestamp) AS total_value, max(timestamp) AS at
                    FROM portfolio_snapshots GROUP BY portfolio_id
                ) AS closed
                LEFT JOIN (
                    SELECT portfolio_id, sum(coalesce(current_value, 0)) AS value, max(last_updated) AS updated
                    FROM portfolio_positions GROUP BY portfolio_id
                ) AS held ON held.portfolio_id = closed.portfolio_id
                WHERE abs(toFloat64(closed.total_value) - coalesce(toFloat64(held.value), 0))
                      > 0.01 + 0.005 * abs(toFloat64(closed.total_value))
                  -- A portfolio without positions is as old as the others' positions are, or as the last snapshot.
                  AND abs(dateDiff('second', closed.at, coalesce(
                          held.updated,
                          (SELECT max(last_updated) FROM portfolio_positions),
                          (SELECT max(timestamp) FROM portfolio_snapshots)
                      ))) < 86400
                ORDER BY portfolio_id
            """,
            meta={"columns": ["portfolio_snapshots.total_value", "portfolio_positions.current_value"]},
            severity="critical",
            notes="The total value on page one differs from the sum of the portfolio's positions.",
        ),
        UnexpectedRowsExpectation(
            description="portfolio_positions.current_value is quantity x price",
            unexpected_rows_query="""
                SELECT held.id AS id, held.portfolio_id AS portfolio_id, held.current_value AS current_value,
                       toFloat64(held.quantity) * toFloat64(quote.price) AS computed
                FROM portfolio_positions AS held
                ASOF INNER JOIN (
                    SELECT asset_id, timestamp, any(price) AS price FROM market_data
                    WHERE asset_id IS NOT NULL AND timestamp IS NOT NULL GROUP BY asset_id, timestamp
                ) AS quote ON held.asset_id = quote.asset_id AND held.last_updated >= quote.timestamp
                WHERE dateDiff('second', quote.timestamp, held.last_updated) < 86400
                  AND abs(abs(toFloat64(held.current_value)) - toFloat64(held.quantity) * toFloat64(quote.price))
                      > 0.01 + 0.02 * abs(toFloat64(held.current_value))
            """,
            meta={"columns": ["portfolio_positions.current_value", "market_data.price"]},
            severity="warning",
            notes="A position's value differs from its quantity times its price, so exposure is wrong.",
        ),
        UnexpectedRowsExpectation(
            description="current_exposure is the sum of portfolio_positions",
            unexpected_rows_query="""
                SELECT coalesce(held.portfolio_id, exposed.portfolio_id) AS portfolio_id,
                       held.value AS positions, exposed.value AS exposure
                FROM (SELECT portfolio_id, sum(current_value) AS value FROM portfolio_positions GROUP BY portfolio_id)
                     AS held
                FULL OUTER JOIN
                     (SELECT portfolio_id, sum(value) AS value FROM current_exposure GROUP BY portfolio_id) AS exposed
                ON held.portfolio_id = exposed.portfolio_id
                WHERE abs(coalesce(toFloat64(held.value), 0) - coalesce(toFloat64(exposed.value), 0)) > 0.01
            """,
            meta={"columns": ["current_exposure.value", "portfolio_positions.current_value"]},
            severity="warning",
            notes=(
                "Concentration figures are out of date: the exposure view was not refreshed after the positions "
                "changed."
            ),
        ),
        UnexpectedRowsExpectation(
            description="redis_price_current.price is market_data.price within its lifetime",
            unexpected_rows_query="""
                SELECT cached.asset_id AS asset_id, cached.chain_id AS chain_id, cached.price AS cached,
                       quote.price AS quoted
                FROM redis_price_current AS cached
                ASOF INNER JOIN (
                    SELECT asset_id, timestamp, any(price) AS price FROM market_data
                    WHERE asset_id IS NOT NULL AND timestamp IS NOT NULL GROUP BY asset_id, timestamp
                ) AS quote ON cached.asset_id = quote.asset_id AND cached.timestamp >= quote.timestamp
                WHERE abs(log(toFloat64(cached.price) / toFloat64(quote.price)))
                      > if(dateDiff('second', quote.timestamp, cached.timestamp) <= 60, 0.005, 0.25)
            """,
            meta={"columns": ["redis_price_current.price", "market_data.price"]},
            severity="warning",
            notes="The live screen and the report show different prices for one asset at the same time.",
        ),
        UnexpectedRowsExpectation(
            description="redis_price_hist.price is market_data.price",
            unexpected_rows_query="""
                SELECT cached.asset_id AS asset_id, cached.period AS period, cached.timestamp AS timestamp,
                       cached.price AS cached, quote.quoted AS quoted
                FROM redis_price_hist AS cached
                INNER JOIN (
                    SELECT asset_id, timestamp, min(price) AS least, max(price) AS most, any(price) AS quoted
                    FROM market_data GROUP BY asset_id, timestamp
                ) AS quote ON cached.asset_id = quote.asset_id AND cached.timestamp = quote.timestamp
                WHERE toFloat64(cached.price) < 0.995 * toFloat64(quote.least)
                   OR toFloat64(cached.price) > 1.005 * toFloat64(quote.most)
            """,
            meta={"columns": ["redis_price_hist.price", "market_data.price"]},
            severity="warning",
            notes="The price history on the live screen differs from the chart in the report.",
        ),
        UnexpectedRowsExpectation(
            description="a portfolio with positions has snapshots",
            unexpected_rows_query="""
                SELECT portfolios.id AS portfolio_id, portfolios.name AS name FROM portfolios
                WHERE coalesce(is_active, 0) AND id NOT IN (SELECT portfolio_id FROM portfolio_snapshots)
                  AND id IN (SELECT portfolio_id FROM portfolio_positions WHERE current_value <> 0)
                  -- One opened after the last snapshots were made has none yet.
                  AND coalesce(created_at, toDateTime64(0, 6, 'UTC'))
                      < coalesce((SELECT max(timestamp) FROM portfolio_snapshots),
                                 (SELECT max(last_updated) FROM portfolio_positions)) - INTERVAL 2 DAY
                ORDER BY portfolio_id
            """,
            meta={"columns": ["portfolios.id", "portfolio_snapshots.portfolio_id"]},
            severity="critical",
            notes="A portfolio with positions but no snapshots gets a report without any figures.",
        ),
        UnexpectedRowsExpectation(
            description="a portfolio with positions has transactions",
            unexpected_rows_query="""
                SELECT portfolio_id, count() AS positions, sum(abs(toFloat64(current_value))) AS value
                FROM portfolio_positions
                WHERE quantity <> 0
                  AND portfolio_id NOT IN (SELECT portfolio_id FROM transactions WHERE portfolio_id IS NOT NULL)
                  AND portfolio_id IN (SELECT portfolio_id FROM portfolio_snapshots WHERE total_value <> 0)
                GROUP BY portfolio_id ORDER BY portfolio_id
            """,
            meta={"columns": ["transactions.portfolio_id", "portfolio_positions.portfolio_id"]},
            severity="critical",
            notes="The portfolio has positions but no transactions, so all deposits are shown as profit.",
        ),
        UnexpectedRowsExpectation(
            description="yield_metrics has rows while positions are in pools",
            unexpected_rows_query="""
                SELECT portfolio_id, count() AS positions FROM portfolio_positions
                WHERE protocol_address <> '' AND quantity <> 0 AND (SELECT count() FROM yield_metrics) = 0
                GROUP BY portfolio_id ORDER BY portfolio_id
            """,
            meta={"columns": ["yield_metrics.pool_address", "portfolio_positions.protocol_address"]},
            severity="warning",
            notes="The yield table is empty, so reports cannot show what positions in pools earn.",
        ),
        UnexpectedRowsExpectation(
            description="redis_risk_liquidation has entries while portfolios have loans",
            unexpected_rows_query="""
                SELECT portfolio_id, argMax(liquidation_distance, timestamp) AS distance FROM risk_metrics
                WHERE (SELECT count() FROM redis_risk_liquidation) = 0
                GROUP BY portfolio_id HAVING distance < 1 ORDER BY portfolio_id
            """,
            meta={"columns": ["redis_risk_liquidation.portfolio_id", "risk_metrics.liquidation_distance"]},
            severity="critical",
            notes=(
                "The liquidation list is empty although portfolios have loans, so no one is warned. These entries "
                "never expire, so an expiry does not explain it."
            ),
        ),
        UnexpectedRowsExpectation(
            description="redis_risk_correlation has entries while portfolios hold several assets",
            unexpected_rows_query="""
                SELECT portfolio_id, uniqExact(asset_id) AS assets FROM portfolio_positions
                WHERE quantity <> 0 AND (SELECT count() FROM redis_risk_correlation) = 0
                GROUP BY portfolio_id HAVING assets > 1 ORDER BY portfolio_id
            """,
            meta={"columns": ["redis_risk_correlation.portfolio_id", "portfolio_positions.asset_id"]},
            severity="warning",
            notes=(
                "The correlation cache is empty, so diversification cannot be shown. These entries never expire, so an "
                "expiry does not explain it."
            ),
        ),
        UnexpectedRowsExpectation(
            description="every table without an expiry has rows",
            unexpected_rows_query=f"""
                SELECT emptied, held FROM ({_COUNTED}) AS counted
                WHERE held = 0 AND (SELECT count() FROM portfolios) > 0 ORDER BY emptied
            """,  # noqa: S608 - names of our own tables
            meta={"columns": ["portfolios.id"]},
            severity="info",
            notes="The table is empty although there are portfolios, so every figure that depends on it is missing.",
        ),
        UnexpectedRowsExpectation(
            description="an asset held has a price",
            unexpected_rows_query="""
                SELECT held.asset_id AS asset_id, count() AS positions FROM portfolio_positions AS held
                WHERE held.quantity <> 0 AND held.asset_id NOT IN (SELECT asset_id FROM market_data)
                GROUP BY held.asset_id ORDER BY held.asset_id
            """,
            meta={"columns": ["portfolio_positions.asset_id", "market_data.asset_id"]},
            severity="warning",
            notes=(
                "A holding without a price is valued at zero, so the portfolio's value is too low. A token received "
                "unasked may legitimately have no price."
            ),
        ),
        UnexpectedRowsExpectation(
            description="redis_risk_liquidation.risk agrees with risk_metrics.liquidation_distance",
            unexpected_rows_query="""
                SELECT listed.portfolio_id AS portfolio_id, listed.risk AS risk,
                       measured.distance AS liquidation_distance
                FROM redis_risk_liquidation AS listed
                INNER JOIN (
                    SELECT portfolio_id, argMax(liquidation_distance, timestamp) AS distance
                    FROM risk_metrics GROUP BY portfolio_id
                ) AS measured ON listed.portfolio_id = measured.portfolio_id
                WHERE abs(listed.risk - (1 - toFloat64(measured.distance))) > 0.05
            """,
            meta={"columns": ["redis_risk_liquidation.risk", "risk_metrics.liquidation_distance"]},
            severity="warning",
            notes=(
                "The liquidation list disagrees with the latest risk metrics, so a portfolio may be liquidated without "
                "a warning. The two are taken at different times, so a fast market alone can move them apart."
            ),
        ),
        UnexpectedRowsExpectation(
            description="a portfolio close to liquidation is in redis_risk_liquidation",
            unexpected_rows_query="""
                SELECT portfolio_id, argMax(liquidation_distance, timestamp) AS distance FROM risk_metrics
                WHERE portfolio_id NOT IN (SELECT portfolio_id FROM redis_risk_liquidation)
                GROUP BY portfolio_id HAVING distance < 0.25 ORDER BY portfolio_id
            """,
            meta={"columns": ["redis_risk_liquidation.portfolio_id", "risk_metrics.liquidation_distance"]},
            severity="critical",
            notes="A portfolio close to liquidation is missing from the liquidation list.",
        ),
        UnexpectedRowsExpectation(
            description="market_sentiment.asset_mentioned is an asset",
            unexpected_rows_query="""
                SELECT symbol, count() AS voices FROM market_sentiment ARRAY JOIN asset_mentioned AS symbol
                WHERE symbol NOT IN (SELECT symbol FROM assets) GROUP BY symbol ORDER BY symbol
            """,
            meta={"columns": ["market_sentiment.asset_mentioned", "assets.symbol"]},
            severity="warning",
            notes="A sentiment record about an unknown asset is missing from every asset's page.",
        ),
        UnexpectedRowsExpectation(
            description="trading_patterns.assets_involved is an asset",
            unexpected_rows_query="""
                SELECT symbol, count() AS patterns FROM trading_patterns ARRAY JOIN assets_involved AS symbol
                WHERE symbol NOT IN (SELECT symbol FROM assets) GROUP BY symbol ORDER BY symbol
            """,
            meta={"columns": ["trading_patterns.assets_involved", "assets.symbol"]},
            severity="warning",
            notes="A trading pattern was found in an unknown asset and cannot be assigned to any holding.",
        ),
        UnexpectedRowsExpectation(
            description="a transaction_hash is unique across all partitions",
            unexpected_rows_query="""
                SELECT transaction_hash, count() AS rows, min(timestamp) AS first, max(timestamp) AS last
                FROM transactions GROUP BY transaction_hash HAVING count() > 1 ORDER BY transaction_hash
            """,
            meta={"columns": ["transactions.transaction_hash"]},
            severity="critical",
            notes="A transaction recorded in two partitions is counted twice in flows and holdings.",
        ),
        UnexpectedRowsExpectation(
            description="a queued task is pending",
            unexpected_rows_query="""
                SELECT queued.agent_id AS agent_id, queued.task_id AS task_id, tasks.status AS status
                FROM redis_agent_tasks AS queued INNER JOIN agent_tasks AS tasks ON queued.task_id = tasks.id
                WHERE tasks.status <> 'pending' OR tasks.agent_id <> queued.agent_id
            """,
            meta={"columns": ["redis_agent_tasks.task_id", "agent_tasks.status"]},
            severity="warning",
            notes="A queued task that is completed or belongs to another agent may be run again.",
        ),
        UnexpectedRowsExpectation(
            description="redis_agent_health.status is satellite_agents.health_status",
            unexpected_rows_query="""
                SELECT said.agent_id AS agent_id, said.value AS cached, agents.health_status AS registered
                FROM redis_agent_health AS said INNER JOIN satellite_agents AS agents ON said.agent_id = agents.id
                WHERE said.field = 'status' AND said.value <> toString(agents.health_status)
            """,
            meta={"columns": ["redis_agent_health.value", "satellite_agents.health_status"]},
            severity="warning",
            notes="A satellite agent is shown as healthy on one page and unhealthy on another.",
        ),
        UnexpectedRowsExpectation(
            description="an external flow is a confirmed transaction of its day",
            unexpected_rows_query=f"""
                SELECT flows.portfolio_id AS portfolio_id, flows.day AS day, flows.flows AS flows
                FROM (
                    SELECT portfolio_id, day, direction, sum(flows) AS flows FROM daily_external_flows
                    GROUP BY portfolio_id, day, direction
                ) AS flows
                LEFT JOIN (
                    SELECT portfolio_id, toDate(timestamp) AS day, count() AS made FROM transactions
                    WHERE status IN ({", ".join(f"'{status}'" for status in MOVING)})
                    GROUP BY portfolio_id, day
                ) AS done ON flows.portfolio_id = done.portfolio_id AND flows.day = done.day
                WHERE flows.flows > coalesce(done.made, 0)
            """,  # noqa: S608 - statuses of our own list
            meta={"columns": ["daily_external_flows.flows", "transactions.status"]},
            severity="critical",
            notes=(
                "A flow without a confirmed transaction is removed from the day's return. The view was probably "
                "refreshed before a correction."
            ),
        ),
    ],
)

DETECTORS = ledger_rules()
