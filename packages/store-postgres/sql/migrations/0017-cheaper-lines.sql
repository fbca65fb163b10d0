-- oldest reader: 15
--
-- PostgreSQL reads the text of a generated column and of every check anew in each statement that writes to their table: of these it was a fifth
-- of what the server did to accept an input. When a line is ready is kept up by a trigger, which is read once by each connection. The checks
-- listed the values that this package writes as constants, and looks at when it reads them.

alter table {schema}.session_queue
  alter column ready_at drop expression,
  drop constraint session_queue_phase_check;

create function {schema}.note_ready() returns trigger language plpgsql as $$
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
$$;
create trigger line_ready before insert or update on {schema}.session_queue
  for each row execute function {schema}.note_ready();

alter table {schema}.sessions drop constraint sessions_runtime_state_check;

alter table {schema}.inputs
  drop constraint inputs_delivery_check,
  drop constraint inputs_durability_check,
  drop constraint inputs_state_check;

alter table {schema}.turns drop constraint turns_pruned_check;
