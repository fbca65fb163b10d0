/** What `tokenOfRow` reads, of `t`. */
export const TOKEN_COLUMNS = `t.token_id, t.digest, t.principal, t.tenant, to_json(t.scopes) as scopes,
  (extract(epoch from t.created_at) * 1000)::bigint as created_at_ms,
  (extract(epoch from t.expires_at) * 1000)::bigint as expires_at_ms,
  (extract(epoch from t.revoked_at) * 1000)::bigint as revoked_at_ms`;
