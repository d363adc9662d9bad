-- migrations/clickhouse/0006_create_risk_metrics.sql
-- What the platform claims each portfolio risks.
--
-- Locks:   none (new table).
-- Size:    portfolios times measurements a day, some seventy bytes a row.

CREATE TABLE IF NOT EXISTS risk_metrics (
    timestamp             DateTime64(3, 'UTC') COMMENT 'When it was measured, in UTC.' CODEC(DoubleDelta, LZ4),
    portfolio_id          String COMMENT 'Which portfolio, as PostgreSQL''s UUID in lower case.' CODEC(LZ4),
    var_95                Decimal(38, 18) COMMENT 'Claim: one-day loss exceeded one day in twenty, in USD; positive is a loss.' CODEC(LZ4),
    cvar_95               Decimal(38, 18) COMMENT 'Claim: mean loss on such days, in USD; positive is a loss.' CODEC(LZ4),
    correlation_score     Decimal64(8) COMMENT 'Mean correlation of its assets, from -1 to 1.' CODEC(LZ4),
    liquidation_distance  Decimal64(8) COMMENT 'Fall of collateral that liquidates it, as a fraction; 1 where nothing is borrowed.' CODEC(LZ4),
    protocol_risk_score   Decimal64(8) COMMENT 'Risk of the protocols it uses, from 0 (none) to 1 (certain).' CODEC(LZ4)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(timestamp)
ORDER BY (portfolio_id, timestamp)
SETTINGS index_granularity = 8192
COMMENT 'What the platform claims each portfolio risks.';

-- rollback
DROP TABLE IF EXISTS risk_metrics;
