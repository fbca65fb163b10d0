-- oldest reader: 1
--
-- A paused node claims nothing. Older nodes do not ask: pausing them has no effect.

alter table {schema}.node_heartbeats add column paused boolean not null default false;
