-- migrations/postgres/0012_create_risk_alerts.sql
-- What an owner was warned of, who saw it, and when it was over.
--
-- Locks:   a moment of SHARE ROW EXCLUSIVE on portfolios and users, for the references.
-- Size:    a few rows per portfolio and month.

CREATE TABLE risk_alerts (
    id               uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    portfolio_id     uuid NOT NULL REFERENCES portfolios (id) ON DELETE CASCADE,
    alert_type       risk_alert_type_enum NOT NULL,
    severity         severity_enum NOT NULL,
    message          text NOT NULL,
    details          jsonb DEFAULT '{}'::jsonb,
    is_acknowledged  boolean DEFAULT false,
    acknowledged_at  timestamptz,
    acknowledged_by  uuid REFERENCES users (id),
    created_at       timestamptz DEFAULT now(),
    resolved_at      timestamptz
);

COMMENT ON TABLE risk_alerts IS 'What an owner was warned of.';
COMMENT ON COLUMN risk_alerts.id IS 'The alert.';
COMMENT ON COLUMN risk_alerts.portfolio_id IS 'About which portfolio.';
COMMENT ON COLUMN risk_alerts.alert_type IS 'About which risk.';
COMMENT ON COLUMN risk_alerts.severity IS 'How grave.';
COMMENT ON COLUMN risk_alerts.message IS 'What was said.';
COMMENT ON COLUMN risk_alerts.details IS 'The figures behind it, as JSON.';
COMMENT ON COLUMN risk_alerts.is_acknowledged IS 'Whether somebody saw it.';
COMMENT ON COLUMN risk_alerts.acknowledged_at IS 'When somebody did, in UTC; null if nobody has.';
COMMENT ON COLUMN risk_alerts.acknowledged_by IS 'Which user did; null if nobody has.';
COMMENT ON COLUMN risk_alerts.created_at IS 'When it was raised, in UTC.';
COMMENT ON COLUMN risk_alerts.resolved_at IS 'When it was over, in UTC; null while it lasts.';

-- rollback
DROP TABLE IF EXISTS risk_alerts;
