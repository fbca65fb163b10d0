create table attachments (
  ref text collate "C" not null,
  media_type text collate "C" not null,
  content bytea not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  constraint attachments_pkey PRIMARY KEY (ref)
);
CREATE UNIQUE INDEX attachments_pkey ON attachments USING btree (ref);

create table await_events (
  key_id text collate "C" not null,
  session_id text collate "C",
  turn_id text collate "C",
  scope json not null,
  wait json not null,
  info json not null,
  due_at timestamp with time zone,
  terminal json,
  resolved_by json,
  resolve_token text,
  revoked boolean default false not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  resolved_at timestamp with time zone,
  constraint await_events_pkey PRIMARY KEY (key_id)
) with (fillfactor=80);
CREATE INDEX await_events_due ON await_events USING btree (due_at) WHERE ((terminal IS NULL) AND (due_at IS NOT NULL) AND (NOT revoked));
CREATE INDEX await_events_pending ON await_events USING btree (created_at) WHERE ((terminal IS NULL) AND (NOT revoked));
CREATE UNIQUE INDEX await_events_pkey ON await_events USING btree (key_id);
CREATE INDEX await_events_resolved ON await_events USING btree (resolved_at) WHERE (resolved_at IS NOT NULL);
CREATE INDEX await_events_session ON await_events USING btree (session_id) WHERE (session_id IS NOT NULL);

create table configs (
  hash text collate "C" not null,
  config json not null,
  stored_at timestamp with time zone default clock_timestamp() not null,
  constraint configs_pkey PRIMARY KEY (hash)
);
CREATE UNIQUE INDEX configs_pkey ON configs USING btree (hash);

create table erased_sessions (
  session_hash text collate "C" not null,
  erased_at timestamp with time zone default clock_timestamp() not null,
  chain json default '[]'::json not null,
  complete boolean default false not null,
  constraint erased_sessions_pkey PRIMARY KEY (session_hash)
);
CREATE UNIQUE INDEX erased_sessions_pkey ON erased_sessions USING btree (session_hash);

create table inputs (
  input_id text collate "C" not null,
  session_id text collate "C" not null,
  position bigint not null,
  delivery text not null,
  state text not null,
  content json not null,
  digest text not null,
  idempotency_key text collate "C",
  not_before_ms bigint,
  due_at timestamp with time zone not null,
  accepted_at timestamp with time zone not null,
  turn_id text collate "C",
  last_run_id text,
  last_boundary_sequence integer,
  policy json,
  outcome json,
  durability text default 'durable'::text not null,
  attempts integer default 0 not null,
  recoveries integer default 0 not null,
  history jsonb default '[]'::jsonb not null,
  source json,
  queue_mode text collate "C",
  queue_key text collate "C",
  given_digest text,
  updated_at timestamp with time zone,
  constraint inputs_pkey PRIMARY KEY (input_id),
  constraint inputs_session_id_position_key UNIQUE (session_id, "position")
);
CREATE INDEX inputs_due ON inputs USING btree (session_id, due_at) WHERE (state = 'queued'::text);
CREATE UNIQUE INDEX inputs_idempotency ON inputs USING btree (session_id, idempotency_key) WHERE (idempotency_key IS NOT NULL);
CREATE UNIQUE INDEX inputs_pkey ON inputs USING btree (input_id);
CREATE INDEX inputs_queue_key ON inputs USING btree (session_id, queue_key) WHERE ((queue_key IS NOT NULL) AND (state = 'queued'::text));
CREATE INDEX inputs_queued ON inputs USING btree (session_id, "position") WHERE (state = 'queued'::text);
CREATE UNIQUE INDEX inputs_session_id_position_key ON inputs USING btree (session_id, "position");
CREATE INDEX inputs_steering ON inputs USING btree (session_id, "position") WHERE ((state = 'queued'::text) AND (delivery = ANY (ARRAY['steer'::text, 'interrupt'::text])));
CREATE INDEX inputs_turn ON inputs USING btree (turn_id) WHERE (turn_id IS NOT NULL);
CREATE TRIGGER input_changes BEFORE UPDATE ON inputs FOR EACH ROW WHEN ((old.state IS DISTINCT FROM new.state)) EXECUTE FUNCTION note_input_change();

create table job_credentials (
  credential_id text collate "C" not null,
  document jsonb not null,
  constraint job_credentials_pkey PRIMARY KEY (credential_id)
);
CREATE UNIQUE INDEX job_credentials_pkey ON job_credentials USING btree (credential_id);

create table job_deliveries (
  session_id text collate "C" not null,
  seq bigint not null,
  job_id text collate "C",
  job_seq bigint,
  body json,
  constraint job_deliveries_pkey PRIMARY KEY (session_id, seq)
);
CREATE UNIQUE INDEX job_deliveries_pkey ON job_deliveries USING btree (session_id, seq);

create table job_events (
  job_id text collate "C" not null,
  seq bigint not null,
  body json not null,
  constraint job_events_pkey PRIMARY KEY (job_id, seq)
);
CREATE UNIQUE INDEX job_events_pkey ON job_events USING btree (job_id, seq);

create table job_sessions (
  session_id text collate "C" not null,
  document jsonb not null,
  opened_digest text not null,
  expires_at_ms bigint,
  epoch bigint default 1 not null,
  head bigint default 0 not null,
  acked bigint default 0 not null,
  first_seq bigint default 1 not null,
  holder_node text collate "C",
  holder_generation bigint,
  holder_nonce text,
  holder_token text,
  constraint job_sessions_pkey PRIMARY KEY (session_id)
) with (fillfactor=70);
CREATE INDEX job_sessions_expiry ON job_sessions USING btree (expires_at_ms) WHERE (expires_at_ms IS NOT NULL);
CREATE UNIQUE INDEX job_sessions_pkey ON job_sessions USING btree (session_id);

create table jobs (
  job_id text collate "C" not null,
  session_id text collate "C" not null,
  principal text collate "C" not null,
  agent text collate "C" not null,
  status text collate "C" not null,
  live boolean not null,
  created_at_ms bigint not null,
  idempotency_key text collate "C",
  document jsonb not null,
  created_digest text not null,
  version bigint default 1 not null,
  head bigint default 0 not null,
  ended_at timestamp with time zone,
  constraint jobs_pkey PRIMARY KEY (job_id)
) with (fillfactor=70);
CREATE INDEX jobs_created ON jobs USING btree (created_at_ms, job_id);
CREATE INDEX jobs_ended ON jobs USING btree (ended_at) WHERE (ended_at IS NOT NULL);
CREATE UNIQUE INDEX jobs_idempotency ON jobs USING btree (principal, idempotency_key) WHERE (idempotency_key IS NOT NULL);
CREATE INDEX jobs_live ON jobs USING btree (session_id) WHERE live;
CREATE UNIQUE INDEX jobs_pkey ON jobs USING btree (job_id);
CREATE INDEX jobs_principal ON jobs USING btree (principal, created_at_ms, job_id);

create table log (
  session_id text collate "C" not null,
  seq bigint not null,
  epoch bigint not null,
  at bigint not null,
  ordinal integer,
  version smallint not null,
  turn_id text collate "C",
  body json not null,
  constraint log_pkey PRIMARY KEY (session_id, seq)
);
CREATE UNIQUE INDEX log_pkey ON log USING btree (session_id, seq);

create table messages (
  session_id text collate "C" not null,
  position bigint not null,
  run_id text not null,
  body json not null,
  constraint messages_pkey PRIMARY KEY (session_id, "position")
);
CREATE UNIQUE INDEX messages_pkey ON messages USING btree (session_id, "position");

create table migrations (
  number integer not null,
  name text not null,
  hash text not null,
  oldest_reader integer not null,
  applied_at timestamp with time zone default clock_timestamp() not null,
  constraint migrations_pkey PRIMARY KEY (number)
);
CREATE UNIQUE INDEX migrations_pkey ON migrations USING btree (number);

create table node_heartbeats (
  node_id text collate "C" not null,
  generation bigint not null,
  nonce text not null,
  ttl_ms integer not null,
  expires_at timestamp with time zone not null,
  lock_key bigint not null,
  watched boolean default false not null,
  paused boolean default false not null,
  constraint node_heartbeats_pkey PRIMARY KEY (node_id)
) with (fillfactor=50);
CREATE UNIQUE INDEX node_heartbeats_pkey ON node_heartbeats USING btree (node_id);

create table nodes (
  node_id text collate "C" not null,
  generation bigint not null,
  nonce text not null,
  unswept boolean default false not null,
  opened_at timestamp with time zone default clock_timestamp() not null,
  constraint nodes_pkey PRIMARY KEY (node_id)
);
CREATE UNIQUE INDEX nodes_pkey ON nodes USING btree (node_id);

create table outbox (
  id text collate "C" not null,
  session_id text collate "C" not null,
  run_id text collate "C" not null,
  position bigint not null,
  place integer not null,
  topic text collate "C",
  item json not null,
  attempts integer default 0 not null,
  due_at timestamp with time zone default clock_timestamp() not null,
  dead boolean default false not null,
  failure json,
  created_at timestamp with time zone default clock_timestamp() not null,
  constraint outbox_pkey PRIMARY KEY (id)
) with (fillfactor=80);
CREATE INDEX outbox_created ON outbox USING btree (created_at);
CREATE INDEX outbox_due ON outbox USING btree (due_at) WHERE (NOT dead);
CREATE INDEX outbox_line ON outbox USING btree (session_id, topic, "position", place) WHERE (NOT dead);
CREATE UNIQUE INDEX outbox_pkey ON outbox USING btree (id);

create table process_events (
  process_id text collate "C" not null,
  seq bigint not null,
  at bigint not null,
  version smallint not null,
  body json not null,
  constraint process_events_pkey PRIMARY KEY (process_id, seq)
);
CREATE UNIQUE INDEX process_events_pkey ON process_events USING btree (process_id, seq);

create table process_grants (
  session_id text collate "C" not null,
  process_id text collate "C" not null,
  constraint process_grants_pkey PRIMARY KEY (session_id, process_id)
);
CREATE UNIQUE INDEX process_grants_pkey ON process_grants USING btree (session_id, process_id);
CREATE INDEX process_grants_process ON process_grants USING btree (process_id);

create table process_keys (
  process_id text collate "C" not null,
  key text collate "C" not null,
  digest text not null,
  first_seq bigint not null,
  last_seq bigint not null,
  constraint process_keys_pkey PRIMARY KEY (process_id, key)
);
CREATE UNIQUE INDEX process_keys_pkey ON process_keys USING btree (process_id, key);

create table processes (
  process_id text collate "C" not null,
  name text collate "C" not null,
  disposition text not null,
  live boolean default true not null,
  started boolean default false not null,
  head bigint not null,
  version smallint not null,
  record json not null,
  owner_node text collate "C",
  owner_generation bigint,
  epoch bigint default 0 not null,
  claim_token text,
  not_before timestamp with time zone,
  created_at timestamp with time zone default clock_timestamp() not null,
  watched boolean default false not null,
  constraint processes_pkey PRIMARY KEY (process_id)
) with (fillfactor=70);
CREATE INDEX processes_ended ON processes USING btree (created_at) WHERE (NOT live);
CREATE INDEX processes_live ON processes USING btree (created_at, process_id) WHERE (live AND (disposition <> 'external'::text));
CREATE UNIQUE INDEX processes_pkey ON processes USING btree (process_id);

create table receipts (
  session_id text collate "C" not null,
  run_id text collate "C" not null,
  sequence integer not null,
  position bigint not null,
  receipt json not null,
  usage json not null,
  committed_at timestamp with time zone default clock_timestamp() not null,
  constraint receipts_pkey PRIMARY KEY (session_id, run_id, sequence),
  constraint receipts_session_id_position_key UNIQUE (session_id, "position")
);
CREATE UNIQUE INDEX receipts_pkey ON receipts USING btree (session_id, run_id, sequence);
CREATE UNIQUE INDEX receipts_session_id_position_key ON receipts USING btree (session_id, "position");

create table revoked_sessions (
  session_id text collate "C" not null,
  revoked_at timestamp with time zone default clock_timestamp() not null,
  constraint revoked_sessions_pkey PRIMARY KEY (session_id)
);
CREATE UNIQUE INDEX revoked_sessions_pkey ON revoked_sessions USING btree (session_id);

create table secrets (
  name text collate "C" not null,
  value text not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  constraint secrets_pkey PRIMARY KEY (name)
);
CREATE UNIQUE INDEX secrets_pkey ON secrets USING btree (name);

create table session_queue (
  session_id text collate "C" not null,
  positions bigint default 0 not null,
  held boolean default false not null,
  claim_token text,
  phase text default 'none'::text not null,
  phase_at timestamp with time zone,
  behaviour text,
  blocked_code text,
  blocked_message text,
  wake_at timestamp with time zone,
  input_at timestamp with time zone,
  not_before timestamp with time zone,
  attempts integer default 0 not null,
  claimed_head bigint,
  used_at timestamp with time zone default clock_timestamp() not null,
  paused boolean default false not null,
  ready_at timestamp with time zone,
  constraint session_queue_pkey PRIMARY KEY (session_id)
) with (fillfactor=70);
CREATE UNIQUE INDEX session_queue_pkey ON session_queue USING btree (session_id);
CREATE INDEX session_queue_ready ON session_queue USING btree (ready_at) WHERE (ready_at IS NOT NULL);
CREATE INDEX session_queue_used ON session_queue USING btree (used_at);
CREATE TRIGGER line_ready BEFORE INSERT OR UPDATE ON session_queue FOR EACH ROW EXECUTE FUNCTION note_ready();

create table sessions (
  session_id text collate "C" not null,
  runtime_state text default 'idle'::text not null,
  rest_state text default 'idle'::text not null,
  revision bigint default 0 not null,
  message_count bigint default 0 not null,
  receipt_count bigint default 0 not null,
  last_digest text,
  log_head bigint default 0 not null,
  open_turn text collate "C",
  open_behaviour text,
  open_since timestamp with time zone,
  owner_node text collate "C",
  owner_generation bigint,
  epoch bigint default 0 not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  constraint sessions_pkey PRIMARY KEY (session_id)
) with (fillfactor=80);
CREATE INDEX sessions_owner ON sessions USING btree (owner_node) WHERE (owner_node IS NOT NULL);
CREATE UNIQUE INDEX sessions_pkey ON sessions USING btree (session_id);

create table tokens (
  token_id text collate "C" not null,
  digest text collate "C" not null,
  principal text not null,
  tenant text,
  scopes text[],
  created_at timestamp with time zone default clock_timestamp() not null,
  expires_at timestamp with time zone,
  revoked_at timestamp with time zone,
  constraint tokens_digest_key UNIQUE (digest),
  constraint tokens_pkey PRIMARY KEY (token_id)
);
CREATE INDEX tokens_created ON tokens USING btree (created_at);
CREATE UNIQUE INDEX tokens_digest_key ON tokens USING btree (digest);
CREATE UNIQUE INDEX tokens_pkey ON tokens USING btree (token_id);

create table tombstones (
  hash text collate "C" not null,
  constraint tombstones_pkey PRIMARY KEY (hash)
);
CREATE UNIQUE INDEX tombstones_pkey ON tombstones USING btree (hash);

create table turns (
  turn_id text collate "C" not null,
  session_id text collate "C" not null,
  config_hash text,
  behaviour text,
  first_seq bigint,
  last_seq bigint,
  begun_at timestamp with time zone,
  cancel json,
  outcome json,
  end_sequence integer,
  ended_at timestamp with time zone,
  pruned text,
  fork_of text collate "C",
  constraint turns_pkey PRIMARY KEY (turn_id)
);
CREATE INDEX turns_forks ON turns USING btree (fork_of) WHERE (fork_of IS NOT NULL);
CREATE UNIQUE INDEX turns_pkey ON turns USING btree (turn_id);
CREATE INDEX turns_prunable ON turns USING btree (pruned, ended_at) WHERE ((ended_at IS NOT NULL) AND (pruned IS DISTINCT FROM 'turn'::text));

CREATE OR REPLACE FUNCTION note_input_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if new.history = old.history then
    new.history := old.history || jsonb_build_object(
      'at', (extract(epoch from clock_timestamp()) * 1000)::bigint, 'from', old.state, 'to', new.state);
  end if;
  if new.state = 'staged' and new.attempts = old.attempts then
    new.attempts := old.attempts + 1;
  end if;
  if old.state = 'staged' and new.state = 'queued' and new.recoveries = old.recoveries then
    new.recoveries := old.recoveries + 1;
  end if;
  if new.state = 'consumed' and new.outcome is null then
    new.outcome := '{"type":"consumed"}';
  end if;
  new.updated_at := clock_timestamp();
  return new;
end
$function$;

CREATE OR REPLACE FUNCTION note_ready()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  new.ready_at := case
    when new.held or new.paused then null
    when new.phase = 'none' then least(new.wake_at, new.input_at)
    when new.phase = 'blocked' then new.wake_at
    else least(new.wake_at, new.phase_at)
  end;
  if new.ready_at < new.not_before then
    new.ready_at := new.not_before;
  end if;
  return new;
end
$function$;
