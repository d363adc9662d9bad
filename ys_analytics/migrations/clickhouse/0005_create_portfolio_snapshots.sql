-- migrations/clickhouse/0005_create_portfolio_snapshots.sql
-- Each portfolio's value over time, with what the platform claims of its return and risk.
--
-- Locks:   none (new table).
-- Size:    portfolios times snapshots a day; the map is most of a row.

CREATE TABLE IF NOT EXISTS portfolio_snapshots (
    timestamp         DateTime64(3, 'UTC') COMMENT 'When it was valued, in UTC.' CODEC(DoubleDelta, LZ4),
    portfolio_id      String COMMENT 'Which portfolio, as PostgreSQL''s UUID in lower case.' CODEC(LZ4),
    total_value       Decimal(38, 18) COMMENT 'Net value of all positions, in USD.' CODEC(LZ4),
    total_return      Decimal64(8) COMMENT 'Claim: return since the beginning, as a fraction.' CODEC(LZ4),
    daily_return      Decimal64(8) COMMENT 'Claim: return of the day, as a fraction.' CODEC(LZ4),
    sharpe_ratio      Decimal64(8) COMMENT 'Claim: Sharpe ratio, a pure number.' CODEC(LZ4),
    max_drawdown      Decimal64(8) COMMENT 'Claim: deepest fall from a peak, as a fraction.' CODEC(LZ4),
    volatility        Decimal64(8) COMMENT 'Claim: volatility per year, as a fraction.' CODEC(LZ4),
    asset_allocation  Map(String, Decimal64(8)) COMMENT 'Share of net value by asset id, as fractions.' CODEC(LZ4)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(timestamp)
ORDER BY (portfolio_id, timestamp)
SETTINGS index_granularity = 8192
COMMENT 'Each portfolio''s value, with what the platform claims of it.';

-- rollback
DROP TABLE IF EXISTS portfolio_snapshots;
