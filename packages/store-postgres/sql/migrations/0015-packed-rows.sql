-- oldest reader: 15
--
-- What is written from here on takes fewer bytes, and earlier versions cannot read it: rows of the log are packed and name their turn
-- only where it begins and ends and now and then, and messages of one commit share rows.

alter table {schema}.log alter column turn_id drop not null;

-- A row without a name is of the turn in whose range it is, so that every range must have an end.
update {schema}.turns t
set last_seq = (
  select max(l.seq) from {schema}.log l where l.session_id = t.session_id and l.turn_id = t.turn_id)
where t.last_seq is null and t.first_seq is not null and t.outcome is not null;
