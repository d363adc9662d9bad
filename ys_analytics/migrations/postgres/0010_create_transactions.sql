-- migrations/postgres/0010_create_transactions.sql
-- Everything done on chain for a portfolio, gas included; one partition a month.
--
-- A table partitioned by time can only be unique together with the time, so the
-- key is (id, timestamp), and 0018 keeps each hash unique over all partitions.
-- The default partition takes every row no month was made for: none is refused.
--
-- Locks:   a moment of SHARE ROW EXCLUSIVE on portfolios, trading_strategies and assets, for the references.
-- Size:    the largest table here: a handful of rows per portfolio and day.

CREATE TABLE transactions (
    id                uuid NOT NULL DEFAULT gen_random_uuid(),
    portfolio_id      uuid NOT NULL REFERENCES portfolios (id) ON DELETE CASCADE,
    strategy_id       uuid REFERENCES trading_strategies (id),
    transaction_hash  varchar(66) NOT NULL,
    chain_id          integer NOT NULL,
    block_number      bigint NOT NULL,
    transaction_type  transaction_type_enum NOT NULL,
    from_asset_id     uuid REFERENCES assets (id),
    to_asset_id       uuid REFERENCES assets (id),
    from_amount       numeric(36, 18),
    to_amount         numeric(36, 18),
    gas_used          numeric(36, 18),
    gas_price         numeric(36, 18),
    protocol_name     varchar(100),
    status            transaction_status_enum NOT NULL DEFAULT 'pending',
    timestamp         timestamptz NOT NULL,
    metadata          jsonb DEFAULT '{}'::jsonb,
    PRIMARY KEY (id, timestamp)
) PARTITION BY RANGE (timestamp);

CREATE TABLE transactions_default PARTITION OF transactions DEFAULT;

COMMENT ON TABLE transactions IS 'Everything done on chain for a portfolio.';
COMMENT ON TABLE transactions_default IS 'Transactions of months that have no partition of their own.';
COMMENT ON COLUMN transactions.id IS 'The transaction.';
COMMENT ON COLUMN transactions.portfolio_id IS 'For which portfolio.';
COMMENT ON COLUMN transactions.strategy_id IS 'By which strategy; null when the owner acted.';
COMMENT ON COLUMN transactions.transaction_hash IS 'Its hash on chain, 0x and sixty-four hex digits; accepted once, whatever its time or status.';
COMMENT ON COLUMN transactions.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN transactions.block_number IS 'In which block.';
COMMENT ON COLUMN transactions.transaction_type IS 'What it did.';
COMMENT ON COLUMN transactions.from_asset_id IS 'What was given.';
COMMENT ON COLUMN transactions.to_asset_id IS 'What was received.';
COMMENT ON COLUMN transactions.from_amount IS 'How much was given, in units of from_asset_id.';
COMMENT ON COLUMN transactions.to_amount IS 'How much was received, in units of to_asset_id.';
COMMENT ON COLUMN transactions.gas_used IS 'Gas spent, in units of gas; failed transactions spend it too.';
COMMENT ON COLUMN transactions.gas_price IS 'Price of one unit of gas, in the chain''s native token.';
COMMENT ON COLUMN transactions.protocol_name IS 'Which protocol; null when money crosses the portfolio''s edge.';
COMMENT ON COLUMN transactions.status IS 'What became of it; only confirmed ones move value.';
COMMENT ON COLUMN transactions.timestamp IS 'When it was included in a block, in UTC.';
COMMENT ON COLUMN transactions.metadata IS 'What else is known, as JSON; `flow` (external or internal) overrides the flow rule.';

-- rollback
DROP TABLE IF EXISTS transactions;
