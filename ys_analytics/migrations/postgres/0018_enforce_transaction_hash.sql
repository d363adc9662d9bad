-- migrations/postgres/0018_enforce_transaction_hash.sql
-- A transaction hash is accepted once, whatever its timestamp or status.
--
-- A unique index on a table partitioned by time must hold the time, and so cannot
-- promise this. The hashes are therefore kept again in one unpartitioned table,
-- written by triggers in the transaction of the row itself. Its key bears the name
-- the specification's UNIQUE would have had, so a refusal reads as one would expect.
-- A detached or dropped partition leaves its hashes behind on purpose: archiving a
-- month does not make its hashes free.
--
-- Locks:   SHARE ROW EXCLUSIVE on transactions while the triggers are made and the hashes copied.
-- Size:    one row per transaction, about a fifth of its bytes.

CREATE TABLE transaction_hashes (
    transaction_hash  varchar(66),
    CONSTRAINT transactions_transaction_hash_key PRIMARY KEY (transaction_hash)
);

COMMENT ON TABLE transaction_hashes IS 'Every hash in transactions, once; kept by triggers, never written by hand.';
COMMENT ON COLUMN transaction_hashes.transaction_hash IS 'The hash, as in transactions.';

-- The owner's rights and the schema of this migration: whoever may write transactions needs none here.
CREATE FUNCTION keep_transaction_hash() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        TRUNCATE transaction_hashes;
        RETURN NULL;
    END IF;
    IF TG_OP IN ('DELETE', 'UPDATE') THEN
        DELETE FROM transaction_hashes WHERE transaction_hash = OLD.transaction_hash;
    END IF;
    IF TG_OP IN ('INSERT', 'UPDATE') THEN
        INSERT INTO transaction_hashes (transaction_hash) VALUES (NEW.transaction_hash);
    END IF;
    RETURN NULL;
END;
$$;

COMMENT ON FUNCTION keep_transaction_hash() IS 'Copies the hash of every written transaction into transaction_hashes.';

CREATE TRIGGER keep_transaction_hash
AFTER INSERT OR DELETE ON transactions
FOR EACH ROW EXECUTE FUNCTION keep_transaction_hash();

CREATE TRIGGER keep_changed_transaction_hash
AFTER UPDATE OF transaction_hash ON transactions
FOR EACH ROW WHEN (OLD.transaction_hash IS DISTINCT FROM NEW.transaction_hash)
EXECUTE FUNCTION keep_transaction_hash();

CREATE TRIGGER forget_transaction_hashes
AFTER TRUNCATE ON transactions
FOR EACH STATEMENT EXECUTE FUNCTION keep_transaction_hash();

INSERT INTO transaction_hashes (transaction_hash) SELECT transaction_hash FROM transactions;

-- rollback
DROP TRIGGER IF EXISTS forget_transaction_hashes ON transactions;
DROP TRIGGER IF EXISTS keep_changed_transaction_hash ON transactions;
DROP TRIGGER IF EXISTS keep_transaction_hash ON transactions;
DROP FUNCTION IF EXISTS keep_transaction_hash();
DROP TABLE IF EXISTS transaction_hashes;
