import type { Logger, Store } from "@pawl/core/ports";
import type { ServerConfig } from "./config/read-config.ts";
import { loadConfigFile } from "./config-file/load-config-file.ts";
import { prepareDataFolder } from "./data-folder.ts";
import { openDatabase } from "./database.ts";
import { openStore } from "./open-store.ts";

/** The store that the server of this configuration uses, without a host that drives anything. */
export interface AdminStore {
  readonly store: Store;
  /** Of the PostgreSQL; undefined for a store that the configuration file brings. */
  readonly databaseUrl: string | undefined;
  close(): Promise<void>;
}

/** @throws PawlError whose message says what to do */
export async function openAdminStore(
  config: ServerConfig,
  { logger, progress }: { readonly logger: Logger; readonly progress: (message: string) => void },
): Promise<AdminStore> {
  await prepareDataFolder(config.dataDir);
  const file = config.configFile === undefined ? undefined : await loadConfigFile(config.configFile);
  const own = file?.config.store;
  if (own !== undefined) {
    const store = typeof own === "function" ? own() : own;
    await store.open();
    return { store, databaseUrl: undefined, close: () => store.close() };
  }
  const database = await openDatabase({ ...config, progress });
  try {
    const store = openStore(database, logger);
    await store.open();
    return {
      store,
      databaseUrl: database.url,
      async close() {
        await store.close();
        await database.close();
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}
