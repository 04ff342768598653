/** The event that is looked at, be it in the list or not. */

import { useCallback, useEffect, useState } from 'react';
import { get, Refusal } from '../api/client.ts';
import type { EventRecord } from '../api/types.ts';

const RETRY_MS = 2000;
/** What left the list may have been deleted here: then another one is looked at in a moment. */
const LEAVING_MS = 1000;

/**
 * `listed`: as the list has it, once it isn't `loading`. What isn't in it, or no longer, is asked for by itself: it may be gone, or only
 * not be what the list wants. `put` takes what was learned of an event another way.
 */
export function useLooked(id: number | null, listed: EventRecord | undefined, loading: boolean) {
  const [last, setLast] = useState<EventRecord | null>(null);
  const [gone, setGone] = useState<number | null>(null);
  useEffect(() => {
    if (listed !== undefined) setLast(listed);
  }, [listed]);
  const known = listed ?? (last?.id === id ? last : null);
  const wait = known === null ? 0 : LEAVING_MS;
  const asks = id !== null && listed === undefined && !loading;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the answer itself is no reason to ask again
  useEffect(() => {
    if (!asks) return undefined;
    let ended = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      try {
        const event = await get<EventRecord>(`api/events/${id}`);
        if (!ended) setLast(event);
      } catch (error) {
        if (ended) return;
        if (error instanceof Refusal && error.status === 404) setGone(id);
        else timer = setTimeout(ask, RETRY_MS);
      }
    };
    timer = setTimeout(ask, wait);
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }, [asks, id]);
  const put = useCallback(
    (event: EventRecord) => setLast((last) => (last?.id === event.id ? event : last)),
    [],
  );
  const isGone = id !== null && listed === undefined && gone === id;
  return { looked: id === null || isGone ? null : known, gone: isGone, put };
}
