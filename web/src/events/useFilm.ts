/** The clip of an event: waits until it can be played, and moves it. */

import { type RefObject, useCallback, useEffect, useRef, useState } from 'react';
import { prepared, Refusal } from '../api/client.ts';
import type { EventRecord } from '../api/types.ts';
import { frameSeconds, stepped } from './frames.ts';
import { fileOf } from './useEvents.ts';

/** Longer than the server has anybody wait for a clip that is being made. */
const PATIENCE_MS = 75_000;
/** If it doesn't say when to ask again. */
const RETRY_SECONDS = 5;

/** `recording`: the event is under way; `none`: nothing was recorded. */
type Phase = 'recording' | 'none' | 'preparing' | 'ready' | 'failed' | 'unplayable';

export interface Film {
  video: RefObject<HTMLVideoElement>;
  phase: Phase;
  /** Why it failed. */
  error: unknown;
  again: () => void;
  playing: boolean;
  /** Seconds. */
  time: number;
  duration: number;
  toggle: () => void;
  step: (by: number) => void;
  seek: (time: number) => void;
  replay: () => void;
  /** The element tells what became of it. */
  changed: () => void;
  broken: () => void;
}

export function useFilm(event: EventRecord, speed: number): Film {
  const video = useRef<HTMLVideoElement>(null);
  const { phase, error, again, broken } = usePhase(event);
  const [state, setState] = useState({ playing: false, time: 0, duration: 0 });

  const changed = useCallback(() => {
    const { paused = true, ended = false, currentTime = 0, duration = 0 } = video.current ?? {};
    setState({ playing: !paused && !ended, time: currentTime, duration: duration || 0 });
  }, []);
  const ready = phase === 'ready';
  // biome-ignore lint/correctness/useExhaustiveDependencies: another clip has another element
  useEffect(() => {
    if (video.current !== null) video.current.playbackRate = speed;
  }, [speed, ready]);
  useEffect(() => {
    setState({ playing: false, time: 0, duration: 0 });
    // Whoever wants no movement begins it.
    const moves = matchMedia('(prefers-reduced-motion: no-preference)').matches;
    if (ready && moves && video.current !== null) begin(video.current);
  }, [ready]);

  const film = () => (ready ? video.current : null);
  const seek = (time: number) => {
    const shown = film();
    if (shown === null) return;
    shown.currentTime = time;
    setState((state) => ({ ...state, time }));
  };
  return {
    video,
    phase,
    error,
    again,
    ...state,
    duration: state.duration || (event.clip?.seconds ?? 0),
    toggle() {
      const shown = film();
      if (shown === null) return;
      if (shown.paused || shown.ended) begin(shown);
      else shown.pause();
    },
    step(by) {
      const shown = film();
      if (shown === null || event.clip === null) return;
      shown.pause();
      const duration = Number.isFinite(shown.duration) ? shown.duration : event.clip.seconds;
      seek(stepped(shown.currentTime, by, frameSeconds(event.clip), duration));
    },
    seek,
    replay() {
      seek(0);
      const shown = film();
      if (shown !== null) begin(shown);
    },
    changed,
    broken,
  };
}

/** A play that is cut short by a pause or by another clip is no fault. */
const begin = (video: HTMLVideoElement) => void video.play().catch(() => {});

function usePhase(event: EventRecord) {
  const path = fileOf(event, 'clip.mp4');
  const isOver = event.ended !== null;
  const hasClip = event.clip !== null;
  const [known, setKnown] = useState<{ path: string; phase: Phase } | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [round, setRound] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another round asks again
  useEffect(() => {
    const setPhase = (phase: Phase) => setKnown({ path, phase });
    setError(null);
    if (!isOver || !hasClip) {
      setPhase(isOver ? 'none' : 'recording');
      return undefined;
    }
    setPhase('preparing');
    const wanted = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      const question = new AbortController();
      const end = () => question.abort();
      wanted.signal.addEventListener('abort', end);
      const patience = setTimeout(end, PATIENCE_MS);
      try {
        await prepared(path, question.signal);
        if (!wanted.signal.aborted) setPhase('ready');
      } catch (error) {
        if (wanted.signal.aborted) return;
        if (error instanceof Refusal && error.status === 503) {
          timer = setTimeout(ask, 1000 * (error.wait ?? RETRY_SECONDS));
        } else {
          setError(error);
          setPhase('failed');
        }
      } finally {
        clearTimeout(patience);
        wanted.signal.removeEventListener('abort', end);
      }
    };
    void ask();
    return () => {
      wanted.abort();
      clearTimeout(timer);
    };
  }, [path, isOver, hasClip, round]);
  const again = () => setRound(round + 1);
  const broken = () => setKnown({ path, phase: 'unplayable' });
  // What is known of another event says nothing.
  const phase = known?.path === path ? known.phase : 'preparing';
  return { phase, error, again, broken };
}
