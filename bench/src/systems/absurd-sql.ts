/** Absurd's SQL is not in its npm package: a run that wants to compare names the `sql/absurd.sql` of a checkout here. */
export const ABSURD_SQL = "ABSURD_SQL";
