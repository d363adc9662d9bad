-- migrations/clickhouse/0002_create_market_data.sql
-- Prices as they were quoted, several times a day per asset.
--
-- Plain MergeTree keeps a row that is inserted twice; loaders drop exact repeats.
-- The times of one asset lie side by side and step evenly, so DoubleDelta leaves
-- almost nothing of them.
--
-- Without 'rebuild' a DELETE is refused once the table has a projection.
--
-- Locks:   none (new table).
-- Size:    the largest here: assets times quotes a day, a few dozen bytes a row.

CREATE TABLE IF NOT EXISTS market_data (
    timestamp         DateTime64(3, 'UTC') COMMENT 'When it was quoted, in UTC.' CODEC(DoubleDelta, LZ4),
    asset_id          String COMMENT 'Which asset, as PostgreSQL''s UUID in lower case.' CODEC(LZ4),
    chain_id          UInt32 COMMENT 'EVM chain id; 0 for a coin with a chain of its own.' CODEC(LZ4),
    price             Decimal(38, 18) COMMENT 'Price of one unit, in USD.' CODEC(LZ4),
    volume_24h        Decimal(38, 18) COMMENT 'Traded in the last 24 hours, in USD.' CODEC(LZ4),
    market_cap        Decimal(38, 18) COMMENT 'Price times supply, in USD; 0 where unknown.' CODEC(LZ4),
    price_change_24h  Decimal64(8) COMMENT 'Change of the price in 24 hours, as a fraction.' CODEC(LZ4),
    source            String COMMENT 'Who quoted it.' CODEC(LZ4)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(timestamp)
ORDER BY (asset_id, timestamp)
SETTINGS index_granularity = 8192, lightweight_mutation_projection_mode = 'rebuild'
COMMENT 'Prices as they were quoted.';

-- rollback
DROP TABLE IF EXISTS market_data;
