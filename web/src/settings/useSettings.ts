/** The settings that can be changed from here, and what is wrong with what was asked for. */

import { useCallback, useRef, useState } from 'react';
import { call, get, Refusal } from '../api/client.ts';
import type { Fault, Settings } from '../api/types.ts';
import { usePolled } from '../parts/hooks.ts';

const ADDRESS = 'api/settings';

/** A merge patch (RFC 7396): null goes back to the configuration file's value. */
export type Patch = Record<string, unknown>;

export function useSettings() {
  const ask = useCallback(() => get<Settings>(ADDRESS), []);
  const { answer, error: loadError, put } = usePolled(ask, 0);
  const [waiting, setWaiting] = useState(0);
  const [error, setError] = useState<unknown>(null);
  const [faults, setFaults] = useState<Fault[]>([]);
  const queue = useRef<Promise<unknown>>(Promise.resolve());

  const forget = useCallback(() => {
    setFaults([]);
    setError(null);
  }, []);
  /**
   * Changes one after the other, in the order in which they were asked for: none is lost. True if it was taken. With
   * `allowed` it is looked first at what the settings are now, and nothing is changed if that says no.
   */
  const change = useCallback(
    (patch: Patch, allowed?: (now: Settings) => boolean): Promise<boolean> => {
      const patched = async () => {
        setError(null);
        try {
          let revision: string | undefined;
          if (allowed !== undefined) {
            const now = await get<Settings>(ADDRESS);
            if (!allowed(now)) {
              put(now);
              return false;
            }
            revision = now.revision;
          }
          put(
            await call<Settings>(
              'PATCH',
              ADDRESS,
              patch,
              revision === undefined ? {} : { ifMatch: revision },
            ),
          );
          setFaults((faults) => faults.filter((fault) => !isAbout(fault, patch)));
          return true;
        } catch (error) {
          const found = error instanceof Refusal ? error.faults : [];
          setFaults((faults) => [...faults.filter((fault) => !isAbout(fault, patch)), ...found]);
          if (found.length === 0) setError(error ?? new Error());
          return false;
        } finally {
          setWaiting((waiting) => waiting - 1);
        }
      };
      setWaiting((waiting) => waiting + 1);
      const done = queue.current.then(patched);
      queue.current = done;
      return done;
    },
    [put],
  );
  // Faults are shown beside their fields; everything else in one place.
  return { settings: answer, loadError, busy: waiting > 0, error, faults, change, forget };
}

/** Whether a fault is about a key that a patch sets. */
export function isAbout(fault: Fault, patch: Patch): boolean {
  const { camera, ...whole } = patch;
  const cameras = Object.values((camera ?? {}) as Record<string, Patch | null>);
  const paths = [whole, ...cameras].flatMap((table) => leaves(table ?? {}));
  return paths.some((path) =>
    fault.keys.some((key) => {
      const within = key.replace(/^camera\[\d+\]\./, '');
      return within === path || within.startsWith(`${path}[`) || within.startsWith(`${path}.`);
    }),
  );
}

/** The full keys of all values in a table. */
function leaves(table: Patch, path = ''): string[] {
  return Object.entries(table).flatMap(([key, value]) => {
    const full = path === '' ? key : `${path}.${key}`;
    const isTable = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isTable ? leaves(value as Patch, full) : [full];
  });
}

/** The faults of a key or of what is below it. */
export function faultsOf(faults: Fault[], key: string): Fault[] {
  return faults.filter(({ keys }) =>
    keys.some((about) => about === key || about.startsWith(`${key}.`) || about.startsWith(`${key}[`)),
  );
}
