/** Calls to the server this page came from. Knows no React. */

import type { Fault } from './types.ts';

/** What the server answers when it can't do something. */
export class Refusal extends Error {
  readonly status: number;
  readonly detail: string;
  readonly faults: Fault[];

  constructor(status: number, error: string, detail: string, faults: Fault[] = []) {
    super(error);
    this.status = status;
    this.detail = detail;
    this.faults = faults;
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

/** With `ifMatch` only if what is changed is still of that revision. */
export async function call<T>(method: Method, path: string, body?: unknown, ifMatch?: string): Promise<T> {
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
  if (response.ok && answer !== null) return answer as T;
  const { error, detail, faults } = (answer ?? {}) as { error?: string; detail?: string; faults?: Fault[] };
  if (error === undefined) throw new Unreachable();
  throw new Refusal(response.status, error, detail ?? '', faults ?? []);
}

export const get = <T>(path: string) => call<T>('GET', path);
export const post = <T>(path: string, body?: unknown) => call<T>('POST', path, body);
