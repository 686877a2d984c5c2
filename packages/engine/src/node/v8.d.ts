/** The one function of Node that this package uses; without Node's own types, no other can slip in. */
declare module "node:v8" {
  export function setFlagsFromString(flags: string): void;
}
