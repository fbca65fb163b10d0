-- oldest reader: 1
--
-- Background tasks. Every append moves the head of its process in the same statement, so that one row is the lock of one log.

create table {schema}.processes (
  process_id text collate "C" primary key,
  name text collate "C" not null,
  disposition text not null check (disposition in ('rerunnable', 'owner_bound', 'external')),
  live boolean not null default true,
  -- A body was entered.
  started boolean not null default false,
  -- `seq` of the last event.
  head bigint not null,
  version smallint not null,
  -- The fold of its events.
  record json not null,
  owner_node text collate "C",
  owner_generation bigint,
  epoch bigint not null default 0,
  -- Of the claim: a node frees what a claim took whose answer was lost.
  claim_token text,
  not_before timestamptz,
  created_at timestamptz not null default clock_timestamp()
) with (fillfactor = 70);
create index processes_live on {schema}.processes (created_at, process_id) where live and disposition <> 'external';

create table {schema}.process_events (
  process_id text collate "C" not null,
  seq bigint not null,
  -- Milliseconds since the epoch by the clock of the database.
  at bigint not null,
  version smallint not null,
  body json not null,
  primary key (process_id, seq)
);

-- What was appended under which key.
create table {schema}.process_keys (
  process_id text collate "C" not null,
  key text collate "C" not null,
  digest text not null,
  first_seq bigint not null,
  last_seq bigint not null,
  primary key (process_id, key)
);

-- Which sessions see it: the grants of the record, to be found by session.
create table {schema}.process_grants (
  session_id text collate "C" not null,
  process_id text collate "C" not null,
  primary key (session_id, process_id)
);
create index process_grants_process on {schema}.process_grants (process_id);
