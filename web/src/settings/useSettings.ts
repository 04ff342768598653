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
  /** Changes one after the other, in the order in which they were asked for: none is lost. True if it was taken. */
  const change = useCallback(
    (patch: Patch): Promise<boolean> => {
      const patched = async () => {
        forget();
        try {
          put(await call<Settings>('PATCH', ADDRESS, patch));
          return true;
        } catch (error) {
          if (error instanceof Refusal && error.faults.length > 0) setFaults(error.faults);
          else setError(error ?? new Error());
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
    [forget, put],
  );
  // Faults are shown beside their fields; everything else in one place.
  return { settings: answer, loadError, busy: waiting > 0, error, faults, change, forget };
}

/** The faults of a key or of what is below it. */
export function faultsOf(faults: Fault[], key: string): Fault[] {
  return faults.filter(({ keys }) =>
    keys.some((about) => about === key || about.startsWith(`${key}.`) || about.startsWith(`${key}[`)),
  );
}
