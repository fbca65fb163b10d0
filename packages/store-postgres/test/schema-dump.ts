// A readable dump of a schema from the catalogs, for the snapshot: no pg_dump is needed, and nothing depends on its version.
import type pg from "pg";

export async function dumpSchema(client: Pick<pg.Pool, "query">, schema: string): Promise<string> {
  const { rows: columns } = await client.query(
    `select c.relname as table, a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as required,
       a.attgenerated <> '' as generated, pg_get_expr(d.adbin, d.adrelid) as value, co.collname as collation,
       c.reloptions as options
     from pg_class c
     join pg_namespace n on n.oid = c.relnamespace
     join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     join pg_type t on t.oid = a.atttypid
     left join pg_collation co on co.oid = a.attcollation and a.attcollation <> t.typcollation
     left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
     where n.nspname = $1 and c.relkind = 'r'
     order by c.relname, a.attnum`,
    [schema],
  );
  const { rows: constraints } = await client.query(
    `select c.relname as table, k.conname as name, pg_get_constraintdef(k.oid) as text
     from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
     -- PostgreSQL 18 also lists NOT NULL here; the columns say it already.
     where n.nspname = $1 and k.contype <> 'n' order by c.relname, k.conname`,
    [schema],
  );
  const { rows: indexes } = await client.query(
    `select tablename as table, indexdef as text from pg_indexes where schemaname = $1 order by tablename, indexname`,
    [schema],
  );
  const { rows: functions } = await client.query(
    `select pg_get_functiondef(p.oid) as text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
     where n.nspname = $1 order by p.proname`,
    [schema],
  );
  const { rows: triggers } = await client.query(
    `select c.relname as table, pg_get_triggerdef(t.oid) as text from pg_trigger t join pg_class c on c.oid = t.tgrelid
     join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1 and not t.tgisinternal order by c.relname, t.tgname`,
    [schema],
  );
  const tables = [...new Set(columns.map((c) => c.table as string))];
  const bare = (text: string) => text.replaceAll(`${schema}.`, "");
  return `${tables
    .map((table) => {
      const own = columns.filter((c) => c.table === table);
      const lines = [
        ...own.map((c) => {
          const value = c.generated
            ? ` generated always as (${c.value}) stored`
            : c.value
              ? ` default ${c.value}`
              : "";
          const collation = c.collation ? ` collate "${c.collation}"` : "";
          return `  ${c.name} ${c.type}${collation}${value}${c.required ? " not null" : ""}`;
        }),
        ...constraints.filter((k) => k.table === table).map((k) => `  constraint ${k.name} ${k.text}`),
      ];
      const options = own[0]?.options ? ` with (${own[0].options.join(", ")})` : "";
      const extra = [...indexes, ...triggers].filter((i) => i.table === table).map((i) => `${bare(i.text)};`);
      return [`create table ${table} (`, lines.join(",\n"), `)${options};`, ...extra].join("\n");
    })
    .concat(functions.map((f) => `${bare(f.text).trim()};`))
    .join("\n\n")}\n`;
}
