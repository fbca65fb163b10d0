-- oldest reader: 1
--
-- Everything that is known of an input beside what turns are driven from. What changes with its state is kept up by a trigger, so that
-- no statement that moves an input can forget it.

alter table {schema}.inputs
  -- Null: version 1 of its delivery, without a queue of its own.
  add column policy json,
  add column outcome json,
  add column durability text not null default 'durable' check (durability in ('durable', 'ephemeral', 'derived')),
  -- How often a run took it, and gave it back.
  add column attempts integer not null default 0,
  add column recoveries integer not null default 0,
  add column history jsonb not null default '[]',
  add column source json,
  -- Whose place it takes when it comes, and who takes its place.
  add column queue_mode text collate "C",
  add column queue_key text collate "C",
  -- Of what was handed in, where that is not what is stored.
  add column given_digest text,
  -- Null: not changed since it was accepted.
  add column updated_at timestamptz;
create index inputs_queue_key on {schema}.inputs (session_id, queue_key) where queue_key is not null and state = 'queued';

create function {schema}.note_input_change() returns trigger language plpgsql as $$
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
$$;
create trigger input_changes before update on {schema}.inputs
  for each row when (old.state is distinct from new.state) execute function {schema}.note_input_change();
