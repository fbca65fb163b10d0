/** Signs the keys of every host that is measured; hosts of one database share it. */
export const SECRET = `bench:${Buffer.from(Array.from({ length: 32 }, (_, i) => (i * 37 + 11) % 256)).toString("base64")}`;
