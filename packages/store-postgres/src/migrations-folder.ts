/** Where the migrations are, as files. This file is as far from them as what it is built into: both lie at the top of their folder. */
export const MIGRATIONS_FOLDER = new URL("../sql/migrations/", import.meta.url);
