-- migrations/clickhouse/0007_create_satellite_performance.sql
-- How well each satellite agent worked.
--
-- Locks:   none (new table).
-- Size:    agents times metrics times measurements a day.

CREATE TABLE IF NOT EXISTS satellite_performance (
    timestamp         DateTime64(3, 'UTC') COMMENT 'When it was measured, in UTC.' CODEC(DoubleDelta, LZ4),
    agent_id          String COMMENT 'Which satellite, as in PostgreSQL''s satellite_agents.' CODEC(LZ4),
    metric_name       String COMMENT 'What was measured.' CODEC(LZ4),
    metric_value      Decimal(38, 18) COMMENT 'The measurement, in the unit its name says.' CODEC(LZ4),
    response_time_ms  UInt32 COMMENT 'Median time to answer, in milliseconds.' CODEC(LZ4),
    success_rate      Decimal64(4) COMMENT 'Share of tasks that succeeded, as a fraction.' CODEC(LZ4),
    error_count       UInt32 COMMENT 'How many tasks failed.' CODEC(LZ4),
    metadata          Map(String, String) COMMENT 'What else was noted.' CODEC(LZ4)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(timestamp)
ORDER BY (agent_id, metric_name, timestamp)
SETTINGS index_granularity = 8192
COMMENT 'How well each satellite agent worked.';

-- rollback
DROP TABLE IF EXISTS satellite_performance;
