-- migrations/postgres/0024_bound_month_partitions.sql
-- make_month_partitions refuses a span of more than ten years, whoever calls it.
--
-- A partition and its indexes take places in PostgreSQL's table of locks when a statement reads them all. A mistyped
-- year made one for every month between, until the server was out of shared memory and refused even the repair.
-- The bound is a month more than ten years, so that ten years from the middle of a month fit.
--
-- Locks:   none but on the function.
-- Size:    no rows.

CREATE OR REPLACE FUNCTION make_month_partitions(parent regclass, first_day date, last_day date) RETURNS text[]
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
    most       CONSTANT integer := 121;
    months     integer := (date_part('year', last_day) - date_part('year', first_day)) * 12
                          + date_part('month', last_day) - date_part('month', first_day) + 1;
BEGIN
    IF months > most THEN
        RAISE EXCEPTION '% months from % to % are too many partitions at once, at most %', months, first_day, last_day, most
            USING ERRCODE = 'program_limit_exceeded',
                  HINT = 'Rows of months without a partition go to the default one; is a year mistyped?';
    END IF;
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
    'Makes the missing monthly partitions from the month of first_day to the month of last_day, both included and at most 121; returns their names.';

-- rollback
-- The bounded function stays, for the files before this one ask for three years; 0017 takes it away.
COMMENT ON FUNCTION make_month_partitions(regclass, date, date) IS
    'Makes the missing monthly partitions from the month of first_day to the month of last_day, both included; returns their names.';
