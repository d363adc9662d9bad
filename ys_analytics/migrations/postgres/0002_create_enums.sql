-- migrations/postgres/0002_create_enums.sql
-- The sixteen closed vocabularies the tables are written in.
--
-- Locks:   none that matter (new types).
-- Size:    no rows; a value takes four bytes in every row that holds one.

CREATE TYPE user_type_enum AS ENUM ('retail', 'institutional', 'family_office');
CREATE TYPE kyc_status_enum AS ENUM ('pending', 'verified', 'rejected', 'expired');
CREATE TYPE risk_profile_enum AS ENUM ('conservative', 'moderate', 'aggressive', 'custom');
CREATE TYPE rebalancing_strategy_enum AS ENUM ('daily', 'weekly', 'monthly', 'quarterly', 'dynamic');
CREATE TYPE position_type_enum AS ENUM ('spot', 'staked', 'lp_token', 'yield_farm', 'lending', 'borrowing');
CREATE TYPE asset_type_enum AS ENUM ('crypto', 'lp_token', 'staked_token', 'yield_token', 'rwa_token');
CREATE TYPE strategy_type_enum AS ENUM ('yield_farming', 'liquidity_provision', 'arbitrage', 'staking', 'lending');
CREATE TYPE transaction_type_enum AS ENUM ('swap', 'stake', 'unstake', 'deposit', 'withdraw', 'claim', 'bridge');
CREATE TYPE transaction_status_enum AS ENUM ('pending', 'confirmed', 'failed', 'replaced');
CREATE TYPE risk_assessment_type_enum AS ENUM ('liquidation', 'correlation', 'protocol', 'market', 'regulatory');
CREATE TYPE risk_alert_type_enum AS ENUM ('liquidation_risk', 'high_correlation', 'protocol_risk', 'unusual_activity');
CREATE TYPE severity_enum AS ENUM ('low', 'medium', 'high', 'critical');
CREATE TYPE agent_type_enum AS ENUM ('logic', 'builder', 'growth', 'security', 'sentiment', 'logistics', 'cross_chain', 'data');
CREATE TYPE implementation_type_enum AS ENUM ('custom', 'elizaos', 'hybrid');
CREATE TYPE health_status_enum AS ENUM ('healthy', 'degraded', 'unhealthy', 'unknown');
CREATE TYPE task_status_enum AS ENUM ('pending', 'running', 'completed', 'failed', 'cancelled');

COMMENT ON TYPE user_type_enum IS 'What kind of client a user is.';
COMMENT ON TYPE kyc_status_enum IS 'How far a user''s identity is verified.';
COMMENT ON TYPE risk_profile_enum IS 'How much risk an owner wants.';
COMMENT ON TYPE rebalancing_strategy_enum IS 'How often a portfolio''s target weights are restored.';
COMMENT ON TYPE position_type_enum IS 'How an asset is held; only borrowing is owed.';
COMMENT ON TYPE asset_type_enum IS 'What kind of token an asset is.';
COMMENT ON TYPE strategy_type_enum IS 'What a satellite does with the money.';
COMMENT ON TYPE transaction_type_enum IS 'What a transaction did; deposit and withdraw may cross the portfolio''s edge.';
COMMENT ON TYPE transaction_status_enum IS 'What became of a transaction; only confirmed ones move value, failed ones still cost gas.';
COMMENT ON TYPE risk_assessment_type_enum IS 'Which risk was assessed.';
COMMENT ON TYPE risk_alert_type_enum IS 'Which risk an owner was warned of.';
COMMENT ON TYPE severity_enum IS 'How grave an alert is, mildest first.';
COMMENT ON TYPE agent_type_enum IS 'The trade of a satellite agent.';
COMMENT ON TYPE implementation_type_enum IS 'How a satellite agent is built.';
COMMENT ON TYPE health_status_enum IS 'How a satellite agent is.';
COMMENT ON TYPE task_status_enum IS 'How far a task is.';

-- rollback
DROP TYPE IF EXISTS task_status_enum;
DROP TYPE IF EXISTS health_status_enum;
DROP TYPE IF EXISTS implementation_type_enum;
DROP TYPE IF EXISTS agent_type_enum;
DROP TYPE IF EXISTS severity_enum;
DROP TYPE IF EXISTS risk_alert_type_enum;
DROP TYPE IF EXISTS risk_assessment_type_enum;
DROP TYPE IF EXISTS transaction_status_enum;
DROP TYPE IF EXISTS transaction_type_enum;
DROP TYPE IF EXISTS strategy_type_enum;
DROP TYPE IF EXISTS asset_type_enum;
DROP TYPE IF EXISTS position_type_enum;
DROP TYPE IF EXISTS rebalancing_strategy_enum;
DROP TYPE IF EXISTS risk_profile_enum;
DROP TYPE IF EXISTS kyc_status_enum;
DROP TYPE IF EXISTS user_type_enum;
