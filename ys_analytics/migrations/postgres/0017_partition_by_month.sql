-- migrations/postgres/0017_partition_by_month.sql
-- A function that makes the monthly partitions of a span, and the months of 2025 to 2027 to begin with.
--
-- Rows of a new month that already sit in the default partition move into it: they
-- step aside into a temporary table, because PostgreSQL refuses a partition whose
-- rows the default still holds. Triggers see the move as a delete and an insert.
--
-- Locks:   ACCESS EXCLUSIVE on the partitioned table while a missing month is made, milliseconds when
--          nothing has to move; none where every month of the span exists.
-- Size:    one table of each kind a month.
-- Replaces: 5a6f7efaeee700d1b06aaafc290e7ee7672ab57bc4211d932ba7cd0b3e26353e (a schema whose name needs quotes)

CREATE FUNCTION make_month_partitions(parent regclass, first_day date, last_day date) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    family     name := (SELECT relname FROM pg_class WHERE oid = parent);
    house      name := (SELECT nspname FROM pg_namespace JOIN pg_class ON relnamespace = pg_namespace.oid WHERE pg_class.oid = parent);
    fallback   regclass;
    at_column  name;
    opens      timestamptz;
    closes     timestamptz;
    part       name;
    has_strays boolean;
    made       text[] := '{}';
BEGIN
    SELECT partdefid::regclass, attname INTO STRICT fallback, at_column
    FROM pg_partitioned_table JOIN pg_attribute ON attrelid = partrelid AND attnum = partattrs[0]
    WHERE partrelid = parent;

    FOR opens IN
        SELECT month AT TIME ZONE 'UTC'
        FROM generate_series(date_trunc('month', first_day::timestamp), last_day::timestamp, '1 month') AS month
    LOOP
        closes := (opens AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC';
        part := family || '_' || to_char(opens AT TIME ZONE 'UTC', 'YYYY_MM');
        CONTINUE WHEN to_regclass(format('%I.%I', house, part)) IS NOT NULL;

        EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', parent);
        -- Another session may have made it while we waited for the lock.
        CONTINUE WHEN to_regclass(format('%I.%I', house, part)) IS NOT NULL;

        EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE %I >= %L AND %I < %L)',
                       fallback, at_column, opens, at_column, closes) INTO has_strays;
        IF has_strays THEN
            EXECUTE format('CREATE TEMPORARY TABLE strays ON COMMIT DROP AS SELECT * FROM %s WHERE %I >= %L AND %I < %L',
                           fallback, at_column, opens, at_column, closes);
            EXECUTE format('DELETE FROM %s WHERE %I >= %L AND %I < %L', fallback, at_column, opens, at_column, closes);
        END IF;
        EXECUTE format('CREATE TABLE %I.%I PARTITION OF %s FOR VALUES FROM (%L) TO (%L)',
                       house, part, parent, opens, closes);
        IF has_strays THEN
            EXECUTE format('INSERT INTO %s SELECT * FROM pg_temp.strays', parent);
            DROP TABLE pg_temp.strays;
        END IF;
        made := made || part::text;
    END LOOP;
    RETURN made;
END;
$$;

COMMENT ON FUNCTION make_month_partitions(regclass, date, date) IS
    'Makes the missing monthly partitions from the month of first_day to the month of last_day, both included; returns their names.';

REVOKE EXECUTE ON FUNCTION make_month_partitions(regclass, date, date) FROM PUBLIC;

SELECT make_month_partitions('transactions', '2025-01-01', '2027-12-31');
SELECT make_month_partitions('risk_assessments', '2025-01-01', '2027-12-31');

-- rollback
DO $$
DECLARE
    part record;
BEGIN
    FOR part IN
        SELECT inhparent::regclass AS parent, inhrelid::regclass AS child
        FROM pg_inherits JOIN pg_partitioned_table ON partrelid = inhparent AND partdefid <> inhrelid
        WHERE inhparent IN (to_regclass('transactions'), to_regclass('risk_assessments'))
    LOOP
        EXECUTE format('ALTER TABLE %s DETACH PARTITION %s', part.parent, part.child);
        EXECUTE format('INSERT INTO %s SELECT * FROM %s', part.parent, part.child);
        EXECUTE format('DROP TABLE %s', part.child);
    END LOOP;
END;
$$;
DROP FUNCTION IF EXISTS make_month_partitions(regclass, date, date);
