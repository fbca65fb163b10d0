/** A plain JSON value. Everything that Pawl stores, hashes or sends is one of these. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A JSON object whose keys are not known beforehand. */
export type JsonObject = { readonly [key: string]: Json };
