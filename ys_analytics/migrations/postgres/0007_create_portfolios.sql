-- migrations/postgres/0007_create_portfolios.sql
-- What a user asked us to run: its risk profile, its targets and its limits.
--
-- Locks:   a moment of SHARE ROW EXCLUSIVE on users, for the reference.
-- Size:    one row per portfolio; read by every report.

CREATE TABLE portfolios (
    id                    uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id               uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name                  varchar(255) NOT NULL,
    description           text,
    risk_profile          risk_profile_enum NOT NULL DEFAULT 'moderate',
    target_allocation     jsonb NOT NULL DEFAULT '{}'::jsonb,
    rebalancing_strategy  rebalancing_strategy_enum DEFAULT 'monthly',
    max_drawdown          numeric(5, 4) DEFAULT 0.20,
    target_return         numeric(5, 4) DEFAULT 0.15,
    is_active             boolean DEFAULT true,
    created_at            timestamptz DEFAULT now(),
    updated_at            timestamptz DEFAULT now()
);

COMMENT ON TABLE portfolios IS 'What a user asked us to run.';
COMMENT ON COLUMN portfolios.id IS 'The portfolio; ClickHouse and Redis hold the same UUID as lower-case text.';
COMMENT ON COLUMN portfolios.user_id IS 'Its owner.';
COMMENT ON COLUMN portfolios.name IS 'What the owner calls it; any text at all, so escape it.';
COMMENT ON COLUMN portfolios.description IS 'What it is for.';
COMMENT ON COLUMN portfolios.risk_profile IS 'How much risk the owner wants.';
COMMENT ON COLUMN portfolios.target_allocation IS 'Target weight by asset symbol, as a JSON object of fractions.';
COMMENT ON COLUMN portfolios.rebalancing_strategy IS 'How often the target weights are restored.';
COMMENT ON COLUMN portfolios.max_drawdown IS
    'The limit the user set, as a fraction: 0.20 is a fall of twenty per cent from the peak.';
COMMENT ON COLUMN portfolios.target_return IS 'The return per year the owner hopes for, as a fraction.';
COMMENT ON COLUMN portfolios.is_active IS 'Whether it is being run.';
COMMENT ON COLUMN portfolios.created_at IS 'When it was opened, in UTC.';
COMMENT ON COLUMN portfolios.updated_at IS 'When it last changed, in UTC.';

-- rollback
DROP TABLE IF EXISTS portfolios;
