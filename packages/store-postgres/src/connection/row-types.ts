import type { CustomTypesConfig } from "pg";

// Object ids of PostgreSQL's built-in types; they never change.
const BOOL = 16;
const INT8 = 20;
const INT2 = 21;
const INT4 = 23;
const JSON_TYPE = 114;
const FLOAT8 = 701;
const JSONB = 3802;

const asNumber = (text: string) => Number(text);

/**
 * How values of a result become JavaScript. Given with every query, because a pool that was handed to us may have its own
 * parsers. Numbers are safe: they count rows, generations and milliseconds.
 */
export const rowTypes: CustomTypesConfig = {
  getTypeParser(oid: number) {
    switch (oid) {
      case BOOL:
        return (text: string) => text === "t";
      case INT2:
      case INT4:
      case INT8:
      case FLOAT8:
        return asNumber;
      case JSON_TYPE:
      case JSONB:
        return (text: string) => JSON.parse(text) as unknown;
      default:
        return (text: string) => text;
    }
  },
} as CustomTypesConfig;
