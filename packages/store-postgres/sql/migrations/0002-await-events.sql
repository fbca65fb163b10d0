-- oldest reader: 1
--
-- One-shot events that turns wait for. Their writers are resolvers, sweepers and waiters, never the holder's log (D4).

create table {schema}.await_events (
  key_id text collate "C" primary key,
  session_id text collate "C",
  turn_id text collate "C",
  scope json not null,
  wait json not null,
  info json not null,
  due_at timestamptz,
  terminal json,
  resolved_by json,
  -- Of the resolver that won: it recognises its own write after a lost response.
  resolve_token text,
  revoked boolean not null default false,
  created_at timestamptz not null default clock_timestamp(),
  resolved_at timestamptz
) with (fillfactor = 80);
create index await_events_due on {schema}.await_events (due_at)
  where terminal is null and due_at is not null and not revoked;
create index await_events_pending on {schema}.await_events (created_at) where terminal is null and not revoked;
create index await_events_session on {schema}.await_events (session_id) where session_id is not null;
create index await_events_resolved on {schema}.await_events (resolved_at) where resolved_at is not null;

-- Kept for ever: ids are single-use (D8).
create table {schema}.revoked_sessions (
  session_id text collate "C" primary key,
  revoked_at timestamptz not null default clock_timestamp()
);
