-- migrations/clickhouse/0004_create_yield_metrics.sql
-- What pools promised to pay, and how much is locked in them.
--
-- Without 'rebuild' a DELETE is refused once the table has a projection.
--
-- Locks:   none (new table).
-- Size:    pools times quotes a day, some sixty bytes a row.

CREATE TABLE IF NOT EXISTS yield_metrics (
    timestamp              DateTime64(3, 'UTC') COMMENT 'When it was quoted, in UTC.' CODEC(DoubleDelta, LZ4),
    protocol_name          String COMMENT 'Which protocol.' CODEC(LZ4),
    pool_address           String COMMENT 'Which pool.' CODEC(LZ4),
    chain_id               UInt32 COMMENT 'EVM chain id.' CODEC(LZ4),
    apy                    Decimal64(8) COMMENT 'Yield per year, compounded, as a fraction.' CODEC(LZ4),
    tvl                    Decimal(38, 18) COMMENT 'Value locked, in USD.' CODEC(LZ4),
    rewards_apr            Decimal64(8) COMMENT 'The part paid in reward tokens, per year, simple, as a fraction.' CODEC(LZ4),
    trading_fees_apr       Decimal64(8) COMMENT 'The part earned from fees or interest, per year, simple, as a fraction.' CODEC(LZ4),
    impermanent_loss_risk  Decimal64(8) COMMENT 'Expected impermanent loss, from 0 (none) to 1 (total).' CODEC(LZ4)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(timestamp)
ORDER BY (protocol_name, pool_address, timestamp)
SETTINGS index_granularity = 8192, lightweight_mutation_projection_mode = 'rebuild'
COMMENT 'What pools promised to pay.';

-- rollback
DROP TABLE IF EXISTS yield_metrics;
