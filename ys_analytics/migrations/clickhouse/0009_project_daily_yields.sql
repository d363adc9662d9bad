-- migrations/clickhouse/0009_project_daily_yields.sql
-- The day's mean yields and value locked of each pool, kept ready.
--
-- ClickHouse answers from it when a query groups by some of protocol_name,
-- pool_address, chain_id and toDate(timestamp), filters by nothing else, and asks
-- only for the aggregates below. Means in SQL are Float64; sum() / count() by
-- hand stays exact.
--
--     SELECT pool_address, toDate(timestamp) AS day, avg(apy) AS apy, avg(tvl) AS tvl
--     FROM yield_metrics
--     WHERE protocol_name = {protocol:String} AND day >= {start:Date} AND day < {end:Date}
--     GROUP BY pool_address, day
--
-- Locks:   none; parts written before it answer from the quotes until MATERIALIZE PROJECTION.
-- Size:    pools times days, about 250 bytes each.

ALTER TABLE yield_metrics ADD PROJECTION IF NOT EXISTS daily_means (
    SELECT
        protocol_name,
        pool_address,
        toDate(timestamp),
        chain_id,
        avg(apy),
        avg(tvl),
        avg(rewards_apr),
        avg(trading_fees_apr),
        avg(impermanent_loss_risk),
        sum(apy),
        sum(tvl),
        sum(rewards_apr),
        sum(trading_fees_apr),
        sum(impermanent_loss_risk),
        count()
    GROUP BY protocol_name, pool_address, toDate(timestamp), chain_id
);

-- rollback
ALTER TABLE yield_metrics DROP PROJECTION IF EXISTS daily_means;
