import type { Secrets } from "@pawl/core/ports";
import type { StoreContext } from "./context.ts";
import { textColumn } from "./rows/column.ts";
import { keepSecret } from "./statements/keep-secret.ts";
import { loadSecret } from "./statements/load-secret.ts";
import { replaceSecret } from "./statements/replace-secret.ts";
import { storableText } from "./storable.ts";

export function postgresSecrets({ database }: StoreContext): Secrets {
  return {
    async loadOrCreate(name, create) {
      const where = `Secret "${name}"`;
      const [stored] = await database.read(loadSecret, [storableText(name, "The name of a secret")]);
      if (stored !== undefined) return textColumn(stored, "value", where);
      const value = storableText(create(), where);
      const [kept] = await database.write(keepSecret, [name, value]);
      if (kept !== undefined) return value;
      // Somebody was first, or an earlier attempt of ours whose answer was lost.
      const [winner] = await database.read(loadSecret, [name]);
      return textColumn(winner ?? {}, "value", where);
    },
    async replace(name, expected, value) {
      const where = `Secret "${name}"`;
      const values = [
        storableText(name, "The name of a secret"),
        storableText(expected, where),
        storableText(value, where),
      ];
      const { rows, repeated } = await database.writeTold(replaceSecret, values);
      if (rows.length > 0 || !repeated) return rows.length > 0;
      // An earlier attempt of ours, whose answer was lost, may have done it.
      const [stored] = await database.read(loadSecret, [name]);
      return stored !== undefined && textColumn(stored, "value", where) === value;
    },
  };
}
