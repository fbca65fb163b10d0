/** Thrown by an executor of waits: nothing came soon, and nothing needs to stay in memory until something does (D16). */
export class Parked extends Error {
  override readonly name = "Parked";
  readonly keyId: string;

  constructor(keyId: string) {
    super("The wait goes on without this process.");
    this.keyId = keyId;
  }
}
