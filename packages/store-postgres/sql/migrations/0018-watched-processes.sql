-- oldest reader: 15
--
-- Of what the owner of a background task writes, others are told only where one of them waits for it: a notification costs more than the row. And
-- the check listed what this package writes as constants and looks at when it reads it; PostgreSQL read its text anew in each statement.

alter table {schema}.processes
  add column watched boolean not null default false,
  drop constraint processes_disposition_check;
