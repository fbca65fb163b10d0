import { randomUUID } from "node:crypto";
import { type Agent, agent } from "@pawl/core";
import type { Logger, Store } from "@pawl/core/ports";
import { createHost, type Host } from "@pawl/host";
import { createMcpTools } from "@pawl/mcp";
import { jobGrants } from "./arcp/job-grants.ts";
import type { ServerConfig } from "./config/read-config.ts";
import { configuredModel } from "./config-file/configured-model.ts";
import { loadConfigFile } from "./config-file/load-config-file.ts";
import { prepareDataFolder } from "./data-folder.ts";
import { openDatabase } from "./database.ts";
import { takeNodeSlot } from "./node-slot.ts";
import { openStore } from "./open-store.ts";
import { urlOfListener } from "./port.ts";
import { storedSecret } from "./signing-keys.ts";

/** Everything that turns need, in this process: the server has one, and so has the command line without a server. */
export interface Runtime {
  readonly host: Host;
  readonly store: Store;
  /** Those of the host; the first is the default. */
  readonly agents: readonly Agent[];
  /** Names this process among the nodes of the store. */
  readonly nodeId: string;
  /** Tells where this process is reached, for links; until then it is the configured address and port. */
  reachedAt(url: string): void;
  /** Lets go of everything, in reverse order. Turns that run then are resumed by whoever comes next. */
  close(options?: { readonly drainMs?: number }): Promise<void>;
}

export interface RuntimeOptions {
  /** Puts itself around the store that turns are recorded in. */
  readonly observe?: (store: Store) => Store;
  readonly logger: Logger;
  /** Hears, in sentences, what takes time. */
  readonly progress?: (message: string) => void;
}

/** The agent of those who have none of their own; beside others it comes last. */
const ASSISTANT = agent({
  name: "assistant",
  instructions:
    "You are a helpful assistant. Use the tools you have when they help, and say plainly what you did and what you could not do.",
});

/** @throws PawlError whose message says what to do */
export async function openRuntime(
  config: ServerConfig,
  { logger, progress = () => undefined, observe = (store) => store }: RuntimeOptions,
): Promise<Runtime> {
  const opened: (() => Promise<void>)[] = [];
  const closeAll = async () => {
    for (const close of opened.splice(0).reverse()) {
      // What cannot be closed must not keep the rest open.
      await close().catch((error: unknown) => logger.warn("Closing failed.", { error: String(error) }));
    }
  };
  async function openOwnStore(): Promise<Store> {
    const database = await openDatabase({ ...config, progress });
    opened.push(() => database.close());
    return openStore(database, logger);
  }
  try {
    await prepareDataFolder(config.dataDir);
    // A default that cannot be had is told now and not by the first turn.
    const file = config.configFile === undefined ? undefined : await loadConfigFile(config.configFile);
    for (const warning of file?.warnings ?? []) logger.warn(warning);
    const { store: ownStore, model: _model, agents = [], secret, ...own } = file?.config ?? {};
    const model = configuredModel(config, file?.config);
    model(undefined);
    const store = typeof ownStore === "function" ? ownStore() : (ownStore ?? (await openOwnStore()));
    opened.push(() => store.close());
    await store.open();
    const signing = config.given.PAWL_SECRET ?? secret ?? (await storedSecret(store.secrets));
    // Who may bring a server by command is decided where inputs come in, see http/mcp-command-policy.ts.
    const mcp = createMcpTools({ inline: true, logger });
    opened.push(() => mcp.close());
    const slot = await takeNodeSlot(config.dataDir);
    if (slot !== undefined) opened.push(async () => slot.release());
    const nodeId = slot?.nodeId ?? `node_${randomUUID().replaceAll("-", "")}`;
    let reachedAt: string | undefined =
      config.port === 0 ? undefined : urlOfListener(config.host, config.port);
    const given = config.publicUrl ?? own.publicUrl;
    const allAgents = agents.some(({ name }) => name === ASSISTANT.name) ? agents : [...agents, ASSISTANT];
    const host = createHost({
      toolProvider: mcp,
      ...own,
      store: observe(store),
      model,
      agents: allAgents,
      grants: jobGrants(store),
      secret: signing,
      logger,
      publicUrl: given ?? (() => reachedAt),
      nodeId,
    });
    let stopping: Promise<void> | undefined;
    return {
      reachedAt(url) {
        reachedAt = url;
      },
      host,
      store,
      agents: allAgents,
      nodeId,
      close({ drainMs = 2_000 } = {}) {
        stopping ??= host.stop({ drainMs }).finally(closeAll);
        return stopping;
      },
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}
