declare const PULLCAST_VERSION: string | undefined;

/** From package.json; the bundler writes it in. */
export const VERSION = typeof PULLCAST_VERSION === "undefined" ? "0.0.0-source" : PULLCAST_VERSION;
