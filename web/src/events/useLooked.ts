/** The event that is looked at, be it in the list or not. */

import { useEffect, useState } from 'react';
import { get, Refusal } from '../api/client.ts';
import type { EventRecord } from '../api/types.ts';

const RETRY_MS = 2000;

/** `listed`: as the list has it, once it isn't `loading`. What left the list is looked at on, as it was. */
export function useLooked(id: number | null, listed: EventRecord | undefined, loading: boolean) {
  const [last, setLast] = useState<EventRecord | null>(null);
  const [gone, setGone] = useState<number | null>(null);
  useEffect(() => {
    if (listed !== undefined) setLast(listed);
  }, [listed]);
  const known = listed ?? (last?.id === id ? last : null);
  const asks = id !== null && known === null && !loading && gone !== id;
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
    void ask();
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }, [asks, id]);
  return { looked: id === null ? null : known, gone: id !== null && gone === id };
}
