-- oldest reader: 1
--
-- What has ended is found by when it was made, which never changes: an index over the record made each append to it write to every
-- index of its row.

drop index {schema}.processes_ended;

create index processes_ended on {schema}.processes (created_at) where not live;
