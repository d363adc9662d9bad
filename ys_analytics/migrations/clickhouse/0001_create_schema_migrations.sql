-- migrations/clickhouse/0001_create_schema_migrations.sql
-- The ledger: which of these files made this database, and what undoes each.
--
-- Locks:   none (new table).
-- Size:    one row per migration.

CREATE TABLE IF NOT EXISTS schema_migrations (
    version       String COMMENT 'Number the file begins with, four digits: 0001.',
    description   String COMMENT 'The rest of the file''s name, in words.',
    applied_at    DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When it was applied, in UTC.',
    rollback_sql  String COMMENT 'What undoes it, as the file said when it was applied.',
    checksum      String COMMENT 'SHA-256 of the file as it was applied, in lower-case hex.'
)
ENGINE = MergeTree
ORDER BY version
COMMENT 'Which migrations made this database, in the order of their numbers.';

-- rollback
DROP TABLE IF EXISTS schema_migrations;
