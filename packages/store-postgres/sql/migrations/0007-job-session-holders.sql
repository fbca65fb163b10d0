-- oldest reader: 1
--
-- Which process holds a session of the job protocol, so that others notice when it is gone and take over what it ran.

alter table {schema}.job_sessions
  add column holder_node text collate "C",
  add column holder_generation bigint,
  add column holder_nonce text,
  -- Of the claim that took it from a dead holder: the same claim again, after a lost answer, finds what it took.
  add column holder_token text;
