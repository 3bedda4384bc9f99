/**
 * Structured logging. The host adds the deployment, the partition and the generation, and limits what it keeps. `console` in
 * the sandbox writes here too.
 */

export type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error';
export type Fields = { readonly [name: string]: unknown };

/** Whether the host keeps lines of this level: ask before formatting something costly. */
export function enabled(level: Level): boolean;

/** Writes one line with its fields, where the host keeps that level. */
export function write(level: Level, message: unknown, fields?: Fields): void;

/** What only the plugin's author wants to see. */
export function debug(message: unknown, fields?: Fields): void;
/** What an operator may want to see. */
export function info(message: unknown, fields?: Fields): void;
/** What an operator should look at. */
export function warn(message: unknown, fields?: Fields): void;
/** What an operator must look at. */
export function error(message: unknown, fields?: Fields): void;
