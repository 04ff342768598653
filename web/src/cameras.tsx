/** Which cameras there are, and which one is looked at. */

import { createContext, type ReactNode, useCallback, useContext, useEffect, useState } from 'react';
import { get } from './api/client.ts';
import type { Camera } from './api/types.ts';
import { usePolled } from './parts/hooks.ts';
import { recall, remember } from './parts/memory.ts';

/** Sizes and phases change when cameras are opened anew. */
const PERIOD_MS = 5000;

interface Cameras {
  cameras: Camera[];
  /** Its name; null: the first one, whatever its name is. */
  chosen: string | null;
  /** The one that is looked at, once it is known. */
  camera: Camera | undefined;
  /** Its place among all: the configuration's `camera[0]`. */
  index: number;
  choose: (name: string) => void;
}

const Context = createContext<Cameras>({
  cameras: [],
  chosen: null,
  camera: undefined,
  index: 0,
  choose: () => {},
});

export const useCameras = () => useContext(Context);

const ask = async () => (await get<{ cameras: Camera[] }>('api/cameras')).cameras;

export function CamerasProvider({ children }: { children: ReactNode }) {
  const { answer } = usePolled(ask, PERIOD_MS);
  const [wanted, setWanted] = useState<string | null>(() => recall('camera'));
  const cameras = answer ?? [];
  const known = cameras.some((camera) => camera.name === wanted);
  // Before they are known a remembered one may be gone: then it would be asked for in vain.
  const chosen = known && cameras[0]?.name !== wanted ? wanted : null;
  const choose = useCallback((name: string) => {
    remember('camera', name);
    setWanted(name);
  }, []);
  useEffect(() => {
    if (answer !== null && wanted !== null && !known) setWanted(null);
  }, [answer, known, wanted]);
  const index = Math.max(
    0,
    cameras.findIndex((camera) => camera.name === chosen),
  );
  return (
    <Context.Provider value={{ cameras, chosen, camera: cameras[index], index, choose }}>
      {children}
    </Context.Provider>
  );
}
