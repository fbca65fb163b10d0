-- oldest reader: 1
--
-- Jobs of the job protocol, their logs, and the streams that clients are sent (D25). The row of a session is the fence of its
-- holder: every append locks the rows of the sessions that it is for.

create table {schema}.job_sessions (
  session_id text collate "C" primary key,
  document jsonb not null,
  -- Of what it was opened with: the same again is recognised.
  opened_digest text not null,
  expires_at_ms bigint,
  epoch bigint not null default 1,
  -- Numbers of the last delivery, of the last that the client has processed, and of the first that is still there.
  head bigint not null default 0,
  acked bigint not null default 0,
  first_seq bigint not null default 1
) with (fillfactor = 70);
create index job_sessions_expiry on {schema}.job_sessions (expires_at_ms) where expires_at_ms is not null;

create table {schema}.job_deliveries (
  session_id text collate "C" not null,
  seq bigint not null,
  -- The event that stands there, or null for a body of its own.
  job_id text collate "C",
  job_seq bigint,
  body json,
  primary key (session_id, seq)
);

create table {schema}.jobs (
  job_id text collate "C" primary key,
  session_id text collate "C" not null,
  principal text collate "C" not null,
  agent text collate "C" not null,
  status text collate "C" not null,
  live boolean not null,
  -- By the clock of whoever accepted it.
  created_at_ms bigint not null,
  idempotency_key text collate "C",
  document jsonb not null,
  created_digest text not null,
  version bigint not null default 1,
  head bigint not null default 0,
  ended_at timestamptz
) with (fillfactor = 70);
create unique index jobs_idempotency on {schema}.jobs (principal, idempotency_key) where idempotency_key is not null;
create index jobs_created on {schema}.jobs (created_at_ms, job_id);
create index jobs_principal on {schema}.jobs (principal, created_at_ms, job_id);
create index jobs_live on {schema}.jobs (session_id) where live;
create index jobs_ended on {schema}.jobs (ended_at) where ended_at is not null;

create table {schema}.job_events (
  job_id text collate "C" not null,
  seq bigint not null,
  body json not null,
  primary key (job_id, seq)
);

-- Credentials that are not known to be revoked upstream. No secrets.
create table {schema}.job_credentials (
  credential_id text collate "C" primary key,
  document jsonb not null
);
