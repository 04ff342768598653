/** What was drawn and not saved, by camera: another page in between must not lose it, nor a closed window. */

import type { Zone } from '../api/types.ts';
import type { Draft } from './draft.ts';

export interface Kept {
  draft: Draft;
  /** The server's zones that it was made of. */
  base: Zone[];
}

const drafts = new Map<string, Kept>();

export const keptOf = (camera: string): Kept | undefined => drafts.get(camera);

/** Keeps a draft, or forgets it for null. */
export function keep(camera: string, kept: Kept | null): void {
  if (kept === null) drafts.delete(camera);
  else drafts.set(camera, kept);
  // The browser asks before it closes the window.
  if (drafts.size > 0) addEventListener('beforeunload', ask);
  else removeEventListener('beforeunload', ask);
}

function ask(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

/** Whether two lists are of the same zones, in whatever order their keys are. */
export function areSame(a: Zone[], b: Zone[]): boolean {
  const written = (zones: Zone[]) =>
    JSON.stringify(zones.map(({ name, kind, points }) => [name, kind, points]));
  return written(a) === written(b);
}
