-- oldest reader: 1
--
-- What is too large for a row of a log, by its content. Never changed.

create table {schema}.attachments (
  -- sha256:<hex> of the content.
  ref text collate "C" primary key,
  media_type text collate "C" not null,
  content bytea not null,
  created_at timestamptz not null default clock_timestamp()
);
