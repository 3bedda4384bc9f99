/** From a package's source to a component. */

export interface BuildOptions {
  /** The folder of the package.json. Without it, the current one. */
  folder?: string;
  /** The plugin's source. Without it `main` of package.json, else src/index.js or src/index.ts. */
  entry?: string;
  /** Where the component goes. Without it target/plugins/<name>.wasm. */
  out?: string;
}

export interface Built {
  name: string;
  path: string;
  bytes: number;
}

/** Builds a package into a component. A component that is made of the same source already is left as it is. */
export function build(options?: BuildOptions): Promise<Built>;
