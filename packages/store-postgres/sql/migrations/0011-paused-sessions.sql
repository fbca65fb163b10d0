-- oldest reader: 1
--
-- A paused session is claimed by nobody, so it is not ready; nothing else has to ask. A generated column cannot be changed: it is made anew.

alter table {schema}.session_queue add column paused boolean not null default false;

alter table {schema}.session_queue drop column ready_at;

alter table {schema}.session_queue add column ready_at timestamptz generated always as (
  case
    when held or paused then null
    when phase = 'none' and wake_at is null and input_at is null then null
    when phase in ('open', 'parked') and wake_at is null and phase_at is null then null
    when phase = 'blocked' and wake_at is null then null
    else greatest(
      not_before,
      least(wake_at, case phase when 'none' then input_at when 'blocked' then null else phase_at end))
  end) stored;

create index session_queue_ready on {schema}.session_queue (ready_at) where ready_at is not null;
