-- oldest reader: 1
--
-- What commits left to be delivered (D23): messages for outside, and inputs that could not be accepted at once. A row that is
-- delivered is deleted.

create table {schema}.outbox (
  -- <digest of the receipt>/<index>
  id text collate "C" primary key,
  -- Of the commit that made it; `position` is the receipt's place in its chain, `place` the item's in its commit.
  session_id text collate "C" not null,
  run_id text collate "C" not null,
  position bigint not null,
  place integer not null,
  -- Null for an input.
  topic text collate "C",
  item json not null,
  attempts integer not null default 0,
  due_at timestamptz not null default clock_timestamp(),
  dead boolean not null default false,
  failure json,
  created_at timestamptz not null default clock_timestamp()
) with (fillfactor = 80);
create index outbox_due on {schema}.outbox (due_at) where not dead;
create index outbox_line on {schema}.outbox (session_id, topic, position, place) where not dead;
create index outbox_created on {schema}.outbox (created_at);
