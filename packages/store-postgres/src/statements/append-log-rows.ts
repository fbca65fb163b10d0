import { statement } from "../connection/statement.ts";
import { isSteered } from "./is-steered.ts";
import { turnName } from "./turn-name.ts";

/**
 * Appends rows of many sessions, each session under its own fence, in one statement and so in one transaction (D9).
 *
 * $1–$7, one element a session: node, generation, nonce, session, epoch, open turn, number of the first row.
 * $8–$13, one element a row: index of its session in the above (from 1), seq, turn, ordinal, at, body. $14 version. $15, one element a
 * session: whether to write only if no input wants to steer its turn. $16, one element a row: the number of the first of those that it holds.
 *
 * Returns one row a session: `held` (the fence holds), `open` (its turn is the open one), `head` (last row before this
 * statement), `refused_from` (the first row that is neither new nor our own from before), `steered` (an input wants to steer
 * it, and that was asked). Of a session that is not held, not open, refused or steered nothing is written. Rows up to `head` that we wrote before are recognised and not written again.
 *
 * Two things keep its plan cheap and stable: the arrays stand in sub-selects, so that their lengths do not make each batch look like
 * one to plan anew; and sessions are looked up one by one, so that a plan made while the table was small stays good.
 *
 * If a row that looks new does not come back from the INSERT, an earlier attempt of ours has just landed: the division by zero
 * undoes everything, and the caller tries again in smaller parts, which then see those rows.
 */
export const appendLogRows = statement(
  "append_log_rows",
  `
with part as (
  select *
  from unnest((select $1::text[]), (select $2::bigint[]), (select $3::text[]), (select $4::text[]),
      (select $5::bigint[]), (select $6::text[]), (select $7::bigint[]), (select $15::boolean[]))
    with ordinality as p (node_id, generation, nonce, session_id, epoch, turn_id, first_seq, unless_steered, part)
),
fence as (
  select n.node_id, n.generation
  from {schema}.nodes n
  where exists (
      select from part p
      where p.node_id = n.node_id and p.generation = n.generation and p.nonce = n.nonce)
    and exists (
      select from {schema}.node_heartbeats h
      where h.node_id = n.node_id and h.generation = n.generation and h.expires_at > clock_timestamp())
  for share of n
),
judged as materialized (
  select p.part, p.session_id, p.epoch, p.first_seq, s.session_id is not null as held,
    coalesce(s.open_turn = p.turn_id, false) as open,
    p.unless_steered and ${isSteered("p.session_id")} as steered,
    greatest(s.log_head, coalesce((
      select l.seq from {schema}.log l
      where l.session_id = p.session_id order by l.seq desc limit 1), 0)) as head
  from part p
  left join fence f on f.node_id = p.node_id and f.generation = p.generation
  left join lateral (
    select s.session_id, s.open_turn, s.log_head
    from {schema}.sessions s
    where s.session_id = p.session_id
      and s.owner_node is not distinct from f.node_id and s.owner_generation = f.generation and s.epoch = p.epoch
    limit 1
  ) s on true
),
given as materialized (
  select r.*, j.session_id, j.epoch, j.head, j.steered, j.held and j.open and j.first_seq <= j.head + 1 as welcome
  from unnest((select $8::bigint[]), (select $9::bigint[]), (select $10::text[]), (select $11::int[]),
      (select $12::bigint[]), (select $13::text[]), (select $16::bigint[]))
    as r (part, seq, turn_id, ordinal, at, body, first)
  join judged j on j.part = r.part
),
refused as materialized (
  select g.part, min(g.first) as seq
  from given g
  where g.welcome and g.first <= g.head and not exists (
    select from {schema}.log l
    where l.session_id = g.session_id and l.seq = g.seq and l.epoch = g.epoch
      and (l.turn_id = g.turn_id or l.turn_id is null and l.seq >= (
        select t.first_seq from {schema}.turns t where t.turn_id = g.turn_id and t.session_id = g.session_id))
      and l.ordinal is not distinct from g.ordinal and l.at = g.at and l.body::text = g.body)
  group by g.part
),
fresh as materialized (
  select g.*
  from given g
  where g.welcome and g.first > g.head and not g.steered and not exists (select from refused r where r.part = g.part)
),
written as (
  insert into {schema}.log (session_id, seq, epoch, at, ordinal, version, turn_id, body)
  select session_id, seq, epoch, at, ordinal, $14::smallint, ${turnName("seq", "first", "turn_id")}, body::json from fresh
  on conflict do nothing
  returning 1
)
select j.held, j.open, j.steered, j.head, r.seq as refused_from,
  1 / (case when (select count(*) from written) = (select count(*) from fresh) then 1 else 0 end) as complete
from judged j
left join refused r on r.part = j.part
order by j.part`,
);
