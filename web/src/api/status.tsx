/** The status of the camera that is shown, for every part of the page. */

import { createContext, type ReactNode, useContext, useEffect, useState } from 'react';
import { address, get } from './client.ts';
import { StatusFeed } from './feed.ts';
import { History } from './history.ts';
import type { Status } from './types.ts';

export interface Watched {
  camera: string | null;
  /** Null: the server can't be reached. */
  status: Status | null;
  /** Nothing was heard yet. */
  starting: boolean;
  history: History;
}

const nothingYet = (camera: string | null = null): Watched => ({
  camera,
  status: null,
  starting: true,
  history: new History(),
});

const Context = createContext<Watched>(nothingYet());

export const useStatus = () => useContext(Context);

function connections(camera: string | null, rate: number) {
  return {
    open(message: (text: string) => void, failed: () => void) {
      const source = new EventSource(address('api/status/stream', { camera, rate }));
      source.onmessage = (event: MessageEvent<string>) => message(event.data);
      source.onerror = failed;
      return () => source.close();
    },
    ask: () => get<Status>(address('status', { camera })),
  };
}

interface Props {
  /** The first one for null. */
  camera: string | null;
  /** How often a second the server tells, even if nothing changes. */
  rate: number;
  children: ReactNode;
}

/** Watches a camera. A hidden page asks nothing. */
export function StatusProvider({ camera, rate, children }: Props) {
  const [watched, setWatched] = useState<Watched>(() => nothingYet());

  useEffect(() => {
    // Another camera; another rate changes nothing of what is known.
    setWatched((before) => (before.camera === camera ? before : nothingYet(camera)));
    const feed = new StatusFeed(connections(camera, rate), (status) => {
      setWatched((before) => {
        if (status !== null) before.history.add(Date.now(), status);
        return { ...before, status, starting: false };
      });
    });
    const follow = () => (document.hidden ? feed.stop() : feed.start());
    follow();
    document.addEventListener('visibilitychange', follow);
    return () => {
      document.removeEventListener('visibilitychange', follow);
      feed.stop();
    };
  }, [camera, rate]);

  return <Context.Provider value={watched}>{children}</Context.Provider>;
}
