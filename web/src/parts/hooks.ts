/** Asking and commanding from components. */

import { useCallback, useEffect, useRef, useState } from 'react';
import { Refusal } from '../api/client.ts';
import type { Texts } from '../texts/en.ts';

/** An error in words. */
export function inWords(error: unknown, texts: Texts): string {
  if (error instanceof Refusal)
    return error.detail === '' ? error.message : `${error.message}: ${error.detail}`;
  return texts.problems.unreachable;
}

/** Asks at once and then again every `periodMs` while the page is seen; 0: once. `again` asks now. */
export function usePolled<T>(ask: () => Promise<T>, periodMs: number) {
  const [answer, setAnswer] = useState<T | null>(null);
  const [error, setError] = useState<unknown>(null);
  const newest = useRef(ask);
  newest.current = ask;
  const round = useRef(0);

  const again = useCallback(async () => {
    round.current += 1;
    const mine = round.current;
    try {
      const answer = await newest.current();
      // An answer that was overtaken says how it was before.
      if (mine !== round.current) return;
      setAnswer(answer);
      setError(null);
    } catch (error) {
      if (mine === round.current) setError(error ?? new Error());
    }
  }, []);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let ended = false;
    const turn = async () => {
      if (!document.hidden) await again();
      if (!ended && periodMs > 0) timer = setTimeout(turn, periodMs);
    };
    void turn();
    return () => {
      ended = true;
      clearTimeout(timer);
      round.current += 1;
    };
  }, [again, periodMs]);

  return { answer, error, again, put: setAnswer };
}

/** Runs commands one at a time, and keeps what the last one failed with. */
export function useCommand() {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const running = useRef(false);
  const run = useCallback(async (command: () => Promise<unknown>): Promise<boolean> => {
    if (running.current) return false;
    running.current = true;
    setBusy(true);
    setError(null);
    try {
      await command();
      return true;
    } catch (error) {
      setError(error ?? new Error());
      return false;
    } finally {
      running.current = false;
      setBusy(false);
    }
  }, []);
  const dismiss = useCallback(() => setError(null), []);
  return { busy, error, run, dismiss };
}

/** The size of an element in CSS pixels, as it changes. */
export function useSize<E extends Element>() {
  const ref = useRef<E>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useEffect(() => {
    const element = ref.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined) setSize({ width: entry.contentRect.width, height: entry.contentRect.height });
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return { ref, size };
}
