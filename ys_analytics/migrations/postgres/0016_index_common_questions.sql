-- migrations/postgres/0016_index_common_questions.sql
-- The eleven indexes of the specification; on partitioned tables every partition gets its own.
--
-- Locks:   SHARE on each table while its index is built (writers wait); the tables are new and empty.
-- Size:    a tenth to a fifth of each table.

CREATE INDEX idx_portfolios_user_id ON portfolios (user_id);
CREATE INDEX idx_portfolio_positions_portfolio_id ON portfolio_positions (portfolio_id);
CREATE INDEX idx_transactions_portfolio_id ON transactions (portfolio_id);
CREATE INDEX idx_transactions_timestamp ON transactions (timestamp DESC);
CREATE INDEX idx_transactions_chain_block ON transactions (chain_id, block_number);
CREATE INDEX idx_risk_assessments_portfolio_id ON risk_assessments (portfolio_id);
CREATE INDEX idx_risk_alerts_portfolio_severity ON risk_alerts (portfolio_id, severity);
CREATE INDEX idx_agent_tasks_agent_status ON agent_tasks (agent_id, status);

CREATE INDEX idx_portfolio_positions_asset_type ON portfolio_positions (portfolio_id, position_type);
CREATE INDEX idx_transactions_type_status ON transactions (transaction_type, status);
CREATE INDEX idx_risk_assessments_type_score ON risk_assessments (assessment_type, risk_score DESC);

COMMENT ON INDEX idx_portfolios_user_id IS 'Portfolios of a user.';
COMMENT ON INDEX idx_portfolio_positions_portfolio_id IS 'Positions of a portfolio.';
COMMENT ON INDEX idx_transactions_portfolio_id IS 'Transactions of a portfolio.';
COMMENT ON INDEX idx_transactions_timestamp IS 'The latest transactions first.';
COMMENT ON INDEX idx_transactions_chain_block IS 'Transactions of a block.';
COMMENT ON INDEX idx_risk_assessments_portfolio_id IS 'Assessments of a portfolio.';
COMMENT ON INDEX idx_risk_alerts_portfolio_severity IS 'Grave alerts of a portfolio.';
COMMENT ON INDEX idx_agent_tasks_agent_status IS 'Open tasks of a satellite.';
COMMENT ON INDEX idx_portfolio_positions_asset_type IS 'Debts, stakes and so on of a portfolio.';
COMMENT ON INDEX idx_transactions_type_status IS 'Confirmed deposits and withdrawals, for the flows.';
COMMENT ON INDEX idx_risk_assessments_type_score IS 'The worst assessments of a kind first.';

-- rollback
DROP INDEX IF EXISTS idx_risk_assessments_type_score;
DROP INDEX IF EXISTS idx_transactions_type_status;
DROP INDEX IF EXISTS idx_portfolio_positions_asset_type;
DROP INDEX IF EXISTS idx_agent_tasks_agent_status;
DROP INDEX IF EXISTS idx_risk_alerts_portfolio_severity;
DROP INDEX IF EXISTS idx_risk_assessments_portfolio_id;
DROP INDEX IF EXISTS idx_transactions_chain_block;
DROP INDEX IF EXISTS idx_transactions_timestamp;
DROP INDEX IF EXISTS idx_transactions_portfolio_id;
DROP INDEX IF EXISTS idx_portfolio_positions_portfolio_id;
DROP INDEX IF EXISTS idx_portfolios_user_id;
