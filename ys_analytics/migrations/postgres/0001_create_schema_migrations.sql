-- migrations/postgres/0001_create_schema_migrations.sql
-- The ledger: which of these files made this database, and what undoes each.
--
-- Locks:   none that matter (new table).
-- Size:    one row per migration.

CREATE TABLE schema_migrations (
    version       varchar(50) PRIMARY KEY,
    description   text NOT NULL,
    applied_at    timestamptz DEFAULT now(),
    rollback_sql  text,
    checksum      text NOT NULL
);

COMMENT ON TABLE schema_migrations IS 'Which migrations made this database, in the order of their numbers.';
COMMENT ON COLUMN schema_migrations.version IS 'Number the file begins with, four digits: 0001.';
COMMENT ON COLUMN schema_migrations.description IS 'The rest of the file''s name, in words.';
COMMENT ON COLUMN schema_migrations.applied_at IS 'When it was applied, in UTC.';
COMMENT ON COLUMN schema_migrations.rollback_sql IS 'What undoes it, as the file said when it was applied; `ys migrate down` runs this text.';
COMMENT ON COLUMN schema_migrations.checksum IS 'SHA-256 of the file as it was applied, in lower-case hex; an edited file is refused.';

-- rollback
DROP TABLE IF EXISTS schema_migrations;
