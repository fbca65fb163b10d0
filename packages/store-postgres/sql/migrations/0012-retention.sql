-- oldest reader: 1
--
-- What was pruned of a turn and when it ended, so that what is old is found without a look at what is not; and what outlives a session
-- that was erased.

alter table {schema}.turns
  add column ended_at timestamptz,
  -- What of its log was deleted: text, or the turn but for its last row.
  add column pruned text check (pruned in ('text', 'turn')),
  -- The turn whose inputs it shares.
  add column fork_of text collate "C";

update {schema}.turns t
set ended_at = r.committed_at
from {schema}.receipts r
where t.outcome is not null and r.session_id = t.session_id and r.run_id = t.turn_id and r.sequence = t.end_sequence;

update {schema}.turns t
set fork_of = l.body #>> '{turn,forkOf,turnId}'
from {schema}.log l
where l.session_id = t.session_id and l.seq = t.first_seq and l.body #> '{turn,forkOf}' is not null;

create index turns_prunable on {schema}.turns (pruned, ended_at) where ended_at is not null and pruned is distinct from 'turn';

create index turns_forks on {schema}.turns (fork_of) where fork_of is not null;

create index processes_ended on {schema}.processes (((record ->> 'endedAt')::bigint)) where not live;

-- When its last generation began: all that is known of the age of a node that is gone.
alter table {schema}.nodes add column opened_at timestamptz not null default clock_timestamp();

create table {schema}.erased_sessions (
  -- SHA-256 of its id.
  session_hash text collate "C" primary key,
  erased_at timestamptz not null default clock_timestamp(),
  -- Digest of each receipt and of the one before it.
  chain json not null default '[]',
  complete boolean not null default false
);

-- Hashes of the inputs and turns of erased sessions: their ids are used up.
create table {schema}.tombstones (
  hash text collate "C" primary key
);
