-- oldest reader: 1
--
-- Every checkpoint of a turn asks whether anybody wants to steer it, however many inputs queue up behind the turn.

create index inputs_steering on {schema}.inputs (session_id, position)
  where state = 'queued' and delivery in ('steer', 'interrupt');
