/**
 * The host's API as methods, for those who want no sentences. Each one is a call, and answers what the call answers.
 */

import type { Call, Http } from '../http.ts';
import type { components } from './openapi.ts';

type Schemas = components['schemas'];

export type Topic = Schemas['Topic'];
export type TopicSettings = Partial<Schemas['TopicSettings']>;
export type GroupStatus = Schemas['GroupStatus'];
export type GroupSummary = Schemas['GroupSummary'];
export type ResetRequest = Schemas['ResetRequest'];
export type ResetAnswer = Schemas['ResetAnswer'];
export type Plugin = Schemas['Plugin'];
export type DeploymentRequest = Schemas['DeploymentRequest'];
export type DeploymentStatus = Schemas['DeploymentStatus'];

export interface Api {
  readonly topics: {
    /** All of them, page by page as they are asked for. */
    list: () => AsyncGenerator<Topic, void, undefined>;
    get: (topic: string) => Promise<Topic>;
    /** One that is there stays as it is. */
    create: (topic: string, settings?: TopicSettings) => Promise<Topic>;
    /** What the settings name; partitions only grow. */
    alter: (topic: string, settings: TopicSettings) => Promise<Topic>;
    /** With all its records. */
    delete: (topic: string) => Promise<void>;
  };
  readonly groups: {
    list: () => AsyncGenerator<GroupSummary, void, undefined>;
    get: (group: string) => Promise<GroupStatus>;
    /** Moves it to other offsets; refused while it has members, unless forced. */
    reset: (group: string, to: ResetRequest) => Promise<ResetAnswer>;
    /** Refused while it has members. */
    delete: (group: string) => Promise<void>;
  };
  readonly plugins: {
    list: () => AsyncGenerator<Plugin, void, undefined>;
    get: (plugin: string) => Promise<Plugin>;
    /** Stores a version: a WebAssembly component. */
    put: (plugin: string, component: Uint8Array | ArrayBuffer | Blob) => Promise<Plugin>;
    delete: (plugin: string) => Promise<void>;
  };
  readonly deployments: {
    list: () => AsyncGenerator<DeploymentStatus, void, undefined>;
    get: (deployment: string) => Promise<DeploymentStatus>;
    /** Deploys, or swaps what runs under the name. */
    put: (deployment: string, request: DeploymentRequest) => Promise<DeploymentStatus>;
    pause: (deployment: string) => Promise<DeploymentStatus>;
    resume: (deployment: string) => Promise<DeploymentStatus>;
    /** Goes on with the canary on all partitions. */
    promote: (deployment: string) => Promise<DeploymentStatus>;
    /** Returns to the generation before. */
    rollback: (deployment: string) => Promise<DeploymentStatus>;
    /** With its state and its place. Topics stay. */
    delete: (deployment: string) => Promise<void>;
  };
}

export function makeApi(http: Http): Api {
  const of = (kind: string) => {
    const path = (name: string, more = '') => `/v1/${kind}/${encodeURIComponent(name)}${more}`;
    return {
      list: () => pages<never>(http, `/v1/${kind}`),
      get: (name: string) => http.json<never>(path(name)),
      put: (name: string, body: unknown = {}) => http.json<never>(path(name), { method: 'PUT', body }),
      patch: (name: string, body: unknown) => http.json<never>(path(name), { method: 'PATCH', body }),
      post: (name: string, what: string, body?: unknown) =>
        http.json<never>(path(name, `/${what}`), { method: 'POST', body }),
      delete: async (name: string) => {
        await http.json(path(name), { method: 'DELETE' });
      },
    };
  };
  const [topics, groups, plugins, deployments] = [of('topics'), of('groups'), of('plugins'), of('deployments')];
  return {
    topics: { list: topics.list, get: topics.get, create: topics.put, alter: topics.patch, delete: topics.delete },
    groups: {
      list: groups.list,
      get: groups.get,
      reset: (group, to) => groups.post(group, 'reset', to),
      delete: groups.delete,
    },
    plugins: {
      list: plugins.list,
      get: plugins.get,
      put: async (plugin, component) => {
        const headers = { 'content-type': 'application/wasm' };
        const call = { method: 'PUT', content: component as NonNullable<Call['content']>, headers };
        return http.json(`/v1/plugins/${encodeURIComponent(plugin)}`, call);
      },
      delete: plugins.delete,
    },
    deployments: {
      list: deployments.list,
      get: deployments.get,
      put: deployments.put,
      pause: (name) => deployments.post(name, 'pause'),
      resume: (name) => deployments.post(name, 'resume'),
      promote: (name) => deployments.post(name, 'promote'),
      rollback: (name) => deployments.post(name, 'rollback'),
      delete: deployments.delete,
    },
  };
}

/** The entries of a list that comes in pages. */
async function* pages<T>(http: Http, path: string): AsyncGenerator<T, void, undefined> {
  let after = '';
  do {
    const page: { items: T[]; next?: string } = await http.json(path + after);
    yield* page.items;
    after = page.next === undefined ? '' : `?after=${encodeURIComponent(page.next)}`;
  } while (after !== '');
}
