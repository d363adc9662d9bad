-- migrations/clickhouse/0008_project_daily_closes.sql
-- The day's last price of each asset, kept ready; one row instead of a day of quotes.
--
-- ClickHouse answers from it when a query groups by some of asset_id, chain_id,
-- source and toDate(timestamp), filters by nothing else, and asks only for the
-- aggregates below. Written exactly so: toDate(timestamp, 'UTC') or a filter on
-- timestamp itself reads every quote instead.
--
--     SELECT asset_id, toDate(timestamp) AS day, argMax(price, timestamp) AS close
--     FROM market_data
--     WHERE asset_id IN {assets:Array(String)} AND day >= {start:Date} AND day < {end:Date}
--     GROUP BY asset_id, day
--
-- Locks:   none; parts written before it answer from the quotes until MATERIALIZE PROJECTION.
-- Size:    assets times days, about 200 bytes each.

ALTER TABLE market_data ADD PROJECTION IF NOT EXISTS daily_close (
    SELECT
        asset_id,
        toDate(timestamp),
        chain_id,
        source,
        argMax(price, timestamp),
        argMax(volume_24h, timestamp),
        argMax(market_cap, timestamp),
        min(price),
        max(price),
        max(timestamp),
        count()
    GROUP BY asset_id, toDate(timestamp), chain_id, source
);

-- rollback
ALTER TABLE market_data DROP PROJECTION IF EXISTS daily_close;
