/** Which pages there are, in the order of the bar, and what one must be allowed to see each. */

import type { Scope } from './api/types.ts';

const NEEDED = {
  live: 'view',
  overview: 'view',
  events: 'view',
  zones: 'admin',
  tuning: 'admin',
  outputs: 'control',
  snapshots: 'view',
  system: 'admin',
  access: 'admin',
} as const satisfies Record<string, Scope>;

export type PageName = keyof typeof NEEDED;

const SCOPES: Scope[] = ['view', 'control', 'admin'];

/** Whether somebody with a scope may do what needs another one. */
export const covers = (scope: Scope, needed: Scope) => SCOPES.indexOf(scope) >= SCOPES.indexOf(needed);

/** Those that are of use with so many cameras. */
export const pagesFor = (scope: Scope, cameras: number): PageName[] =>
  (Object.keys(NEEDED) as PageName[]).filter(
    (name) => covers(scope, NEEDED[name]) && (name !== 'overview' || cameras > 1),
  );
