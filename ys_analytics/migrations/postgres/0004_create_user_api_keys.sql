-- migrations/postgres/0004_create_user_api_keys.sql
-- Programmatic access a user granted. The key itself is nowhere, only its hash.
--
-- Locks:   a moment of SHARE ROW EXCLUSIVE on users, for the reference.
-- Size:    a few rows per user.

CREATE TABLE user_api_keys (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id       uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    key_hash      varchar(255) NOT NULL,
    name          varchar(100) NOT NULL,
    permissions   jsonb NOT NULL DEFAULT '[]'::jsonb,
    is_active     boolean DEFAULT true,
    expires_at    timestamptz,
    last_used_at  timestamptz,
    created_at    timestamptz DEFAULT now()
);

COMMENT ON TABLE user_api_keys IS 'Programmatic access a user granted.';
COMMENT ON COLUMN user_api_keys.id IS 'The grant.';
COMMENT ON COLUMN user_api_keys.user_id IS 'Whose grant.';
COMMENT ON COLUMN user_api_keys.key_hash IS 'Hash of the key. Secret.';
COMMENT ON COLUMN user_api_keys.name IS 'What the user called it. Secret: free text beside a key.';
COMMENT ON COLUMN user_api_keys.permissions IS 'What the key may do, as a JSON list.';
COMMENT ON COLUMN user_api_keys.is_active IS 'Whether the key is in use.';
COMMENT ON COLUMN user_api_keys.expires_at IS 'When it ends, in UTC; null if it does not.';
COMMENT ON COLUMN user_api_keys.last_used_at IS 'When it was last used, in UTC; null if never.';
COMMENT ON COLUMN user_api_keys.created_at IS 'When it was granted, in UTC.';

-- rollback
DROP TABLE IF EXISTS user_api_keys;
