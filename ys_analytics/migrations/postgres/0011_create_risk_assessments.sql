-- migrations/postgres/0011_create_risk_assessments.sql
-- What the satellites thought of a portfolio's risk, and when; one partition a month.
--
-- created_at is part of the key because it decides the partition, and so it is
-- never null, though the specification leaves that open.
--
-- Locks:   a moment of SHARE ROW EXCLUSIVE on portfolios, for the reference.
-- Size:    a few rows per portfolio and week.

CREATE TABLE risk_assessments (
    id                uuid NOT NULL DEFAULT gen_random_uuid(),
    portfolio_id      uuid NOT NULL REFERENCES portfolios (id) ON DELETE CASCADE,
    assessment_type   risk_assessment_type_enum NOT NULL,
    risk_score        numeric(5, 4) NOT NULL,
    confidence_level  numeric(5, 4) NOT NULL,
    factors           jsonb NOT NULL DEFAULT '{}'::jsonb,
    recommendations   jsonb DEFAULT '{}'::jsonb,
    satellite_source  varchar(50) NOT NULL,
    created_at        timestamptz NOT NULL DEFAULT now(),
    expires_at        timestamptz,
    PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);

CREATE TABLE risk_assessments_default PARTITION OF risk_assessments DEFAULT;

COMMENT ON TABLE risk_assessments IS 'What the satellites thought of a portfolio''s risk.';
COMMENT ON TABLE risk_assessments_default IS 'Assessments of months that have no partition of their own.';
COMMENT ON COLUMN risk_assessments.id IS 'The assessment.';
COMMENT ON COLUMN risk_assessments.portfolio_id IS 'Of which portfolio.';
COMMENT ON COLUMN risk_assessments.assessment_type IS 'Which risk.';
COMMENT ON COLUMN risk_assessments.risk_score IS 'How bad, from 0 (none) to 1 (certain).';
COMMENT ON COLUMN risk_assessments.confidence_level IS 'How sure the satellite is, as a fraction.';
COMMENT ON COLUMN risk_assessments.factors IS 'What went into the score, as JSON.';
COMMENT ON COLUMN risk_assessments.recommendations IS 'What the satellite advises, as JSON.';
COMMENT ON COLUMN risk_assessments.satellite_source IS 'Which satellite.';
COMMENT ON COLUMN risk_assessments.created_at IS 'When it was made, in UTC.';
COMMENT ON COLUMN risk_assessments.expires_at IS 'When it stops being valid, in UTC; null if it does not.';

-- rollback
DROP TABLE IF EXISTS risk_assessments;
