/** Calls to the server this page came from. Knows no React. */

import type { Fault } from './types.ts';

/** What the server answers when it can't do something. */
export class Refusal extends Error {
  readonly status: number;
  readonly detail: string;
  readonly faults: Fault[];
  /** It may be asked for again after so many seconds; null: nothing was said of that. */
  readonly wait: number | null;

  constructor(
    status: number,
    error: string,
    detail: string,
    faults: Fault[] = [],
    wait: number | null = null,
  ) {
    super(error);
    this.status = status;
    this.detail = detail;
    this.faults = faults;
    this.wait = wait;
  }
}

/** The server can't be reached, or says something that isn't an answer. */
export class Unreachable extends Error {}

const PATIENCE_MS = 15_000;

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** Addresses are relative to the page: it works in a folder behind a proxy, too. */
export function address(
  path: string,
  query: Record<string, string | number | null | undefined> = {},
): string {
  const pairs = Object.entries(query).flatMap(([key, value]) =>
    value === null || value === undefined ? [] : [[key, String(value)]],
  );
  return pairs.length === 0 ? path : `${path}?${new URLSearchParams(pairs)}`;
}

/** Who wants to know that this browser may no longer do what it asked for. */
const watchers = new Set<() => void>();

/** Calls back when nobody is logged in any more, or somebody who may do less. Returns what ends that. */
export function onDenied(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

interface Options {
  /** Only if what is changed is still of that revision. */
  ifMatch?: string;
  /** A status that says error and comes with an answer nevertheless. */
  answersWith?: number;
}

export async function call<T>(
  method: Method,
  path: string,
  body?: unknown,
  { ifMatch, answersWith }: Options = {},
): Promise<T> {
  let response: Response;
  try {
    const headers = {
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...(ifMatch === undefined ? {} : { 'If-Match': `"${ifMatch}"` }),
    };
    response = await fetch(path, {
      method,
      headers,
      signal: AbortSignal.timeout(PATIENCE_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch {
    throw new Unreachable();
  }
  const answer: unknown = await response.json().catch(() => null);
  if ((response.ok || response.status === answersWith) && answer !== null) return answer as T;
  throw refused(response, answer);
}

/** Waits until a file is there that the server may have to make first. What it holds isn't read. */
export async function prepared(path: string, signal: AbortSignal): Promise<void> {
  const response = await fetch(path, { headers: { Range: 'bytes=0-0' }, signal }).catch(() => {
    throw new Unreachable();
  });
  if (!response.ok) throw refused(response, await response.json().catch(() => null));
  await response.body?.cancel();
}

/** What an answer says that isn't the one wanted. */
function refused(response: Response, answer: unknown): Refusal | Unreachable {
  const { error, detail, faults } = (answer ?? {}) as { error?: string; detail?: string; faults?: Fault[] };
  if (error === undefined) return new Unreachable();
  // A wrong password ("Login failed") changes nothing of who is logged in, nor does a foreign origin.
  if (error === 'Not logged in' || error === 'Not allowed') for (const watcher of watchers) watcher();
  return new Refusal(response.status, error, detail ?? '', faults ?? [], seconds(response.headers));
}

/** Of `Retry-After`. */
function seconds(headers: Headers): number | null {
  const wait = Number(headers.get('Retry-After') ?? Number.NaN);
  return Number.isFinite(wait) && wait >= 0 ? wait : null;
}

export const get = <T>(path: string, options?: Options) => call<T>('GET', path, undefined, options);
export const post = <T>(path: string, body?: unknown) => call<T>('POST', path, body);
