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

/** What couldn't be had is asked for again after so long. */
const RETRY_MS = 2000;

/** Asks at once and then again every `periodMs` while the page is seen; 0: until there is an answer. `again` asks now. */
export function usePolled<T>(ask: () => Promise<T>, periodMs: number) {
  const [answer, setAnswer] = useState<T | null>(null);
  const [error, setError] = useState<unknown>(null);
  const newest = useRef(ask);
  newest.current = ask;
  const round = useRef(0);

  const again = useCallback(async (): Promise<boolean> => {
    round.current += 1;
    const mine = round.current;
    try {
      const answer = await newest.current();
      // An answer that was overtaken says how it was before.
      if (mine !== round.current) return true;
      setAnswer(answer);
      setError(null);
      return true;
    } catch (error) {
      if (mine === round.current) setError(error ?? new Error());
      return false;
    }
  }, []);

  /** Takes an answer that came another way; what was asked before it is overtaken. */
  const put = useCallback((answer: T) => {
    round.current += 1;
    setAnswer(answer);
  }, []);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let ended = false;
    const turn = async () => {
      clearTimeout(timer);
      timer = undefined;
      const there = !document.hidden && (await again());
      if (!ended && (periodMs > 0 || !there)) timer = setTimeout(turn, periodMs > 0 ? periodMs : RETRY_MS);
    };
    const seen = () => {
      if (timer !== undefined && !document.hidden) void turn();
    };
    void turn();
    document.addEventListener('visibilitychange', seen);
    return () => {
      ended = true;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', seen);
      round.current += 1;
    };
  }, [again, periodMs]);

  return { answer, error, again, put };
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
