import { z } from "zod";
import { jsonAnswer } from "../answer.ts";
import { NO_OPERATOR, operatorOf } from "../operator.ts";
import { integerText, readQuery } from "../query.ts";
import type { Call, Route } from "../route.ts";
import { nodePausedSchema, nodesSchema, wireNode } from "../wire/node.ts";

const listQuery = z.strictObject({ limit: integerText(1, 500).optional() });

export const nodeRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/v1/nodes",
    scope: "read",
    doc: {
      operation: "listNodes",
      summary: "For operators: the processes that drive sessions, the living first",
      query: listQuery,
      answers: { 200: { description: "The nodes", schema: nodesSchema }, ...NO_OPERATOR },
    },
    answer: listNodes,
  },
  {
    method: "POST",
    path: "/v1/nodes/:node/pause",
    scope: "write",
    doc: {
      operation: "pauseNode",
      summary: "For operators: lets a node begin with nothing more; what it does, it goes on with",
      answers: { 200: { description: "It is paused", schema: nodePausedSchema }, ...NO_OPERATOR },
    },
    answer: (call) => setPaused(call, true),
  },
  {
    method: "POST",
    path: "/v1/nodes/:node/resume",
    scope: "write",
    doc: {
      operation: "resumeNode",
      summary: "For operators: lets a paused node go on",
      answers: { 200: { description: "It is not paused", schema: nodePausedSchema }, ...NO_OPERATOR },
    },
    answer: (call) => setPaused(call, false),
  },
];

/** For operators: nodes drive the sessions of everybody. */
const nodesOf = (call: Call) =>
  operatorOf(call, "Only an operator may see and pause nodes: they drive what is everybody's.").nodes;

async function listNodes(call: Call): Promise<Response> {
  const nodes = nodesOf(call);
  const query = readQuery(call.url, listQuery);
  return jsonAnswer(200, {
    nodes: (await nodes.list(query.limit === undefined ? {} : { limit: query.limit })).map(wireNode),
  });
}

async function setPaused(call: Call, paused: boolean): Promise<Response> {
  const nodes = nodesOf(call);
  readQuery(call.url, z.strictObject({}));
  const id = call.params.node as string;
  await (paused ? nodes.pause(id) : nodes.resume(id));
  return jsonAnswer(200, { node_id: id, paused });
}
