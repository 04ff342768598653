/** The settings that can be changed from here, and what is wrong with what was asked for. */

import { useCallback, useMemo, useState } from 'react';
import { call, get, Refusal } from '../api/client.ts';
import type { Fault, Settings } from '../api/types.ts';
import { useCommand, usePolled } from '../parts/hooks.ts';

const ADDRESS = 'api/settings';

/** A merge patch (RFC 7396): null goes back to the configuration file's value. */
export type Patch = Record<string, unknown>;

export function useSettings() {
  const ask = useCallback(() => get<Settings>(ADDRESS), []);
  const { answer, error: loadError, again, put } = usePolled(ask, 0);
  const { busy, error, run, dismiss } = useCommand();
  const [faults, setFaults] = useState<Fault[]>([]);

  const change = useCallback(
    (patch: Patch) =>
      run(async () => {
        setFaults([]);
        try {
          put(await call<Settings>('PATCH', ADDRESS, patch));
        } catch (error) {
          if (error instanceof Refusal && error.faults.length > 0) setFaults(error.faults);
          throw error;
        }
      }),
    [put, run],
  );
  const forget = useCallback(() => {
    setFaults([]);
    dismiss();
  }, [dismiss]);
  const told = useMemo(
    () => ({ settings: answer, loadError, busy, faults, again, change, forget }),
    [answer, loadError, busy, faults, again, change, forget],
  );
  // Faults are shown beside their fields; everything else in one place.
  return { ...told, error: faults.length > 0 ? null : error };
}

/** The faults of a key or of what is below it. */
export function faultsOf(faults: Fault[], key: string): Fault[] {
  return faults.filter(({ keys }) =>
    keys.some((about) => about === key || about.startsWith(`${key}.`) || about.startsWith(`${key}[`)),
  );
}
