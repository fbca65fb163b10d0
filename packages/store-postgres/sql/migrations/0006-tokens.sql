-- oldest reader: 1
--
-- Tokens that let principals in: never the token, only its hash.

create table {schema}.tokens (
  token_id text collate "C" primary key,
  -- SHA-256, lower-case hex.
  digest text collate "C" not null unique,
  principal text not null,
  tenant text,
  -- What it may be used for; null: everything that its principal may do.
  scopes text[],
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz,
  revoked_at timestamptz
);
create index tokens_created on {schema}.tokens (created_at);
