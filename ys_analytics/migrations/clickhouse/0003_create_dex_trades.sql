-- migrations/clickhouse/0003_create_dex_trades.sql
-- Swaps on decentralised exchanges.
--
-- Times and block numbers rise within a chain and exchange by uneven steps, so
-- Delta serves them better than DoubleDelta.
--
-- Locks:   none (new table).
-- Size:    one row per swap; about 200 bytes before compression, mostly addresses.

CREATE TABLE IF NOT EXISTS dex_trades (
    timestamp         DateTime64(3, 'UTC') COMMENT 'When it was included in a block, in UTC.' CODEC(Delta, LZ4),
    chain_id          UInt32 COMMENT 'EVM chain id.' CODEC(LZ4),
    dex_name          String COMMENT 'On which exchange.' CODEC(LZ4),
    pair_address      String COMMENT 'In which pool.' CODEC(LZ4),
    token0_address    String COMMENT 'Contract of the first token.' CODEC(LZ4),
    token1_address    String COMMENT 'Contract of the second token.' CODEC(LZ4),
    amount0           Decimal(38, 18) COMMENT 'Change of the pool''s first token, in its units; negative leaves it.' CODEC(LZ4),
    amount1           Decimal(38, 18) COMMENT 'Change of the pool''s second token, in its units; negative leaves it.' CODEC(LZ4),
    price             Decimal(38, 18) COMMENT 'Units of the second token paid for one of the first.' CODEC(LZ4),
    transaction_hash  String COMMENT 'Its hash on chain.' CODEC(LZ4),
    block_number      UInt64 COMMENT 'In which block.' CODEC(Delta, LZ4)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(timestamp)
ORDER BY (chain_id, dex_name, timestamp)
SETTINGS index_granularity = 8192
COMMENT 'Swaps on decentralised exchanges.';

-- rollback
DROP TABLE IF EXISTS dex_trades;
