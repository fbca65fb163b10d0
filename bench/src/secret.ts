/** Signs the keys of every host that is measured; hosts of one database share it. */
export const SECRET_BYTES = Uint8Array.from({ length: 32 }, (_, i) => (i * 37 + 11) % 256);

/** The same, as a host's options take it. */
export const SECRET = `bench:${Buffer.from(SECRET_BYTES).toString("base64")}`;
