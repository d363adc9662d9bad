-- migrations/postgres/0009_create_trading_strategies.sql
-- What a satellite agent does for a portfolio.
--
-- Locks:   a moment of SHARE ROW EXCLUSIVE on portfolios, for the reference.
-- Size:    a few rows per portfolio.

CREATE TABLE trading_strategies (
    id                   uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    portfolio_id         uuid NOT NULL REFERENCES portfolios (id) ON DELETE CASCADE,
    satellite_id         varchar(50) NOT NULL,
    strategy_type        strategy_type_enum NOT NULL,
    name                 varchar(255) NOT NULL,
    parameters           jsonb NOT NULL DEFAULT '{}'::jsonb,
    performance_metrics  jsonb DEFAULT '{}'::jsonb,
    is_active            boolean DEFAULT true,
    created_at           timestamptz DEFAULT now(),
    updated_at           timestamptz DEFAULT now()
);

COMMENT ON TABLE trading_strategies IS 'What a satellite agent does for a portfolio.';
COMMENT ON COLUMN trading_strategies.id IS 'The strategy.';
COMMENT ON COLUMN trading_strategies.portfolio_id IS 'For which portfolio.';
COMMENT ON COLUMN trading_strategies.satellite_id IS
    'Which satellite runs it; an id of satellite_agents, though the specification asks for no reference.';
COMMENT ON COLUMN trading_strategies.strategy_type IS 'What kind of strategy.';
COMMENT ON COLUMN trading_strategies.name IS 'What it is called.';
COMMENT ON COLUMN trading_strategies.parameters IS 'How it is set, as JSON.';
COMMENT ON COLUMN trading_strategies.performance_metrics IS 'What the platform says it earned, as JSON.';
COMMENT ON COLUMN trading_strategies.is_active IS 'Whether it runs.';
COMMENT ON COLUMN trading_strategies.created_at IS 'When it began, in UTC.';
COMMENT ON COLUMN trading_strategies.updated_at IS 'When it last changed, in UTC.';

-- rollback
DROP TABLE IF EXISTS trading_strategies;
