-- oldest reader: 1
--
-- Everything that a turn needs. `{schema}` is replaced by the quoted name of the schema.
--
-- Who writes what (D4): the holder of a session writes `sessions`, `turns`, `log`, `messages` and `receipts`. Acceptors and
-- cancellers write `inputs`, a turn's cancel request and the session's line in `session_queue`, and never `sessions`: a
-- caller's transaction that stays open may delay the claim of that one session and none of the holder's writes.
-- No foreign keys: each would lock the head of a session for every row.

create table {schema}.migrations (
  number integer primary key,
  name text not null,
  hash text not null,
  -- The oldest version that still works after it (D30).
  oldest_reader integer not null,
  applied_at timestamptz not null default clock_timestamp()
);

-- The fence (D1). Fenced transactions lock the row FOR SHARE; only a take-over updates it, so it waits for them.
create table {schema}.nodes (
  node_id text collate "C" primary key,
  generation bigint not null,
  nonce text not null,
  -- Sessions of earlier generations may still carry its name.
  unswept boolean not null default false
);

-- Apart from the fence, so that a renewal never waits for a flush and a flush never for a renewal.
create table {schema}.node_heartbeats (
  node_id text collate "C" primary key,
  generation bigint not null,
  nonce text not null,
  ttl_ms integer not null,
  expires_at timestamptz not null,
  -- The advisory lock that the process holds while it lives; counts when `watched`.
  lock_key bigint not null,
  watched boolean not null default false
) with (fillfactor = 50);

-- The head of each session.
create table {schema}.sessions (
  session_id text collate "C" primary key,
  runtime_state text not null default 'idle' check (runtime_state in
    ('initializing', 'idle', 'running', 'recovering', 'retired', 'stopped', 'destroyed')),
  -- What the session returns to when its running turn ends.
  rest_state text not null default 'idle',
  revision bigint not null default 0,
  message_count bigint not null default 0,
  receipt_count bigint not null default 0,
  last_digest text,
  -- At least this many rows were in the log; it may be pruned, its numbers are not given again.
  log_head bigint not null default 0,
  open_turn text collate "C",
  open_behaviour text,
  open_since timestamptz,
  owner_node text collate "C",
  owner_generation bigint,
  epoch bigint not null default 0,
  created_at timestamptz not null default clock_timestamp()
) with (fillfactor = 80);
create index sessions_owner on {schema}.sessions (owner_node) where owner_node is not null;

-- What each session needs, and when. `ready_at` is the whole rule of what can be claimed.
create table {schema}.session_queue (
  session_id text collate "C" primary key,
  -- How many inputs were admitted.
  positions bigint not null default 0,
  held boolean not null default false,
  claim_token text,
  phase text not null default 'none' check (phase in ('none', 'open', 'parked', 'blocked')),
  -- Since when the open turn waits for a node, or until when it is parked.
  phase_at timestamptz,
  behaviour text,
  blocked_code text,
  blocked_message text,
  wake_at timestamptz,
  -- No queued input is due before this.
  input_at timestamptz,
  not_before timestamptz,
  attempts integer not null default 0,
  -- Head of the log at the last claim; null when that claim ended in good order (D17).
  claimed_head bigint,
  used_at timestamptz not null default clock_timestamp(),
  ready_at timestamptz generated always as (
    case
      when held then null
      when phase = 'none' and wake_at is null and input_at is null then null
      when phase in ('open', 'parked') and wake_at is null and phase_at is null then null
      when phase = 'blocked' and wake_at is null then null
      else greatest(
        not_before,
        least(wake_at, case phase when 'none' then input_at when 'blocked' then null else phase_at end))
    end) stored
) with (fillfactor = 70);
create index session_queue_ready on {schema}.session_queue (ready_at) where ready_at is not null;
create index session_queue_used on {schema}.session_queue (used_at);

create table {schema}.inputs (
  input_id text collate "C" primary key,
  session_id text collate "C" not null,
  position bigint not null,
  delivery text not null check (delivery in ('next', 'steer', 'interrupt')),
  state text not null check (state in
    ('accepted', 'queued', 'staged', 'applied', 'applied_pending_consumption',
     'consumed', 'superseded', 'coalesced', 'abandoned')),
  content json not null,
  digest text not null,
  idempotency_key text collate "C",
  -- As it was asked for, in milliseconds since the epoch.
  not_before_ms bigint,
  due_at timestamptz not null,
  accepted_at timestamptz not null,
  turn_id text collate "C",
  last_run_id text,
  last_boundary_sequence integer,
  unique (session_id, position)
) with (fillfactor = 80);
create unique index inputs_idempotency on {schema}.inputs (session_id, idempotency_key)
  where idempotency_key is not null;
create index inputs_queued on {schema}.inputs (session_id, position) where state = 'queued';
create index inputs_due on {schema}.inputs (session_id, due_at) where state = 'queued';
create index inputs_turn on {schema}.inputs (turn_id) where turn_id is not null;

-- Configurations of turns by content, stored once (D7).
create table {schema}.configs (
  hash text collate "C" primary key,
  config json not null,
  stored_at timestamptz not null default clock_timestamp()
);

-- A row is there from the first cancel request or the begin. `cancel` and `outcome` are the gate (D18): who writes first wins.
create table {schema}.turns (
  turn_id text collate "C" primary key,
  session_id text collate "C" not null,
  config_hash text,
  behaviour text,
  first_seq bigint,
  last_seq bigint,
  begun_at timestamptz,
  cancel json,
  outcome json,
  end_sequence integer
);

-- Journal and event log of each session (D5). `body` is `json`, which keeps the bytes.
create table {schema}.log (
  session_id text collate "C" not null,
  seq bigint not null,
  -- Of the holder that wrote it: it recognises its own rows after a lost response (D9).
  epoch bigint not null,
  -- Milliseconds since the epoch by the writer's clock.
  at bigint not null,
  ordinal integer,
  version smallint not null,
  turn_id text collate "C" not null,
  body json not null,
  primary key (session_id, seq)
);

create table {schema}.messages (
  session_id text collate "C" not null,
  position bigint not null,
  run_id text not null,
  body json not null,
  primary key (session_id, position)
);

create table {schema}.receipts (
  session_id text collate "C" not null,
  run_id text collate "C" not null,
  sequence integer not null,
  -- Place in the chain of the session, from 0.
  position bigint not null,
  receipt json not null,
  usage json not null,
  committed_at timestamptz not null default clock_timestamp(),
  primary key (session_id, run_id, sequence),
  unique (session_id, position)
);

create table {schema}.secrets (
  name text collate "C" primary key,
  value text not null,
  created_at timestamptz not null default clock_timestamp()
);
