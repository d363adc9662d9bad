-- migrations/clickhouse/0010_project_daily_closes_in_utc.sql
-- The day's last price of each asset, kept ready, by the rule of a close that the rest of the kit computes with: days
-- are UTC days whatever the server's time zone, and of two quotes of one moment the higher is the close.
--
-- Takes the place of `daily_close`, which counted days in the server's time zone and kept either of two such quotes.
-- ClickHouse answers from it when a query groups by some of asset_id, chain_id, source and that day, filters by nothing
-- else, and asks only for the aggregates below. Written exactly so: a filter on timestamp itself reads every quote.
--
--     SELECT asset_id, toDate(timestamp, 'UTC') AS day, argMax(price, tuple(timestamp, price)) AS close
--     FROM market_data
--     WHERE asset_id IN {assets:Array(String)} AND day >= {start:Date} AND day < {end:Date}
--     GROUP BY asset_id, day
--
-- Locks:   none; parts written before it answer from the quotes until MATERIALIZE PROJECTION.
-- Size:    assets times days, about 200 bytes each.

ALTER TABLE market_data
    ADD PROJECTION IF NOT EXISTS daily_close_utc (
        SELECT
            asset_id,
            toDate(timestamp, 'UTC'),
            chain_id,
            source,
            argMax(price, tuple(timestamp, price)),
            argMax(volume_24h, tuple(timestamp, volume_24h)),
            argMax(market_cap, tuple(timestamp, market_cap)),
            min(price),
            max(price),
            max(timestamp),
            count()
        GROUP BY asset_id, toDate(timestamp, 'UTC'), chain_id, source
    ),
    DROP PROJECTION IF EXISTS daily_close;

-- rollback
ALTER TABLE market_data
    ADD PROJECTION IF NOT EXISTS daily_close (
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
    ),
    DROP PROJECTION IF EXISTS daily_close_utc;
