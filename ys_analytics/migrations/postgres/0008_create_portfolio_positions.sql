-- migrations/postgres/0008_create_portfolio_positions.sql
-- What each portfolio holds or owes now; no history.
--
-- Locks:   a moment of SHARE ROW EXCLUSIVE on portfolios and assets, for the references.
-- Size:    five to fifty rows per portfolio.

CREATE TABLE portfolio_positions (
    id                     uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    portfolio_id           uuid NOT NULL REFERENCES portfolios (id) ON DELETE CASCADE,
    asset_id               uuid NOT NULL REFERENCES assets (id),
    quantity               numeric(36, 18) NOT NULL,
    average_cost           numeric(36, 18) NOT NULL,
    current_value          numeric(36, 18) NOT NULL,
    allocation_percentage  numeric(5, 4) NOT NULL,
    position_type          position_type_enum NOT NULL,
    protocol_address       varchar(42),
    chain_id               integer,
    last_updated           timestamptz DEFAULT now()
);

COMMENT ON TABLE portfolio_positions IS 'What each portfolio holds or owes now.';
COMMENT ON COLUMN portfolio_positions.id IS 'The position.';
COMMENT ON COLUMN portfolio_positions.portfolio_id IS 'Whose position.';
COMMENT ON COLUMN portfolio_positions.asset_id IS 'Of which asset.';
COMMENT ON COLUMN portfolio_positions.quantity IS 'How much is held, in units of the asset; for borrowing, how much is owed.';
COMMENT ON COLUMN portfolio_positions.average_cost IS 'Average price paid, in USD per unit.';
COMMENT ON COLUMN portfolio_positions.current_value IS 'Quantity at the last price, in USD; negative for a debt.';
COMMENT ON COLUMN portfolio_positions.allocation_percentage IS
    'Share of the portfolio''s net value, as a fraction despite its name: 0.25 is a quarter.';
COMMENT ON COLUMN portfolio_positions.position_type IS 'How it is held.';
COMMENT ON COLUMN portfolio_positions.protocol_address IS 'Contract it sits in; null for a wallet.';
COMMENT ON COLUMN portfolio_positions.chain_id IS 'EVM chain it sits on.';
COMMENT ON COLUMN portfolio_positions.last_updated IS 'When it was last valued, in UTC.';

-- rollback
DROP TABLE IF EXISTS portfolio_positions;
