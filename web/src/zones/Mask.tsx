/** What the detector really uses of the newest frame: foreground and zones at its own resolution. */

import { useEffect, useRef } from 'react';
import { address } from '../api/client.ts';
import { useStatus } from '../api/status.tsx';
import { useCameras } from '../cameras.tsx';

/** A few a second show what happens, and cost the board little. */
const PERIOD_MS = 250;
/** While there is none. */
const RETRY_MS = 1000;

export function Mask() {
  const { chosen } = useCameras();
  const { status } = useStatus();
  const active = useRef(false);
  active.current = status?.camera_active === true;
  const image = useRef<HTMLImageElement>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const show = () => {
      const element = image.current;
      // The next one is asked for when this one is there: a slow network gets fewer, not a queue.
      if (element !== null && active.current && !document.hidden)
        element.src = address('api/mask.png', { camera: chosen, t: Date.now() });
      else timer = setTimeout(show, RETRY_MS);
    };
    const element = image.current;
    const shown = () => {
      timer = setTimeout(show, PERIOD_MS);
    };
    const failed = () => {
      element?.removeAttribute('src');
      timer = setTimeout(show, RETRY_MS);
    };
    element?.addEventListener('load', shown);
    element?.addEventListener('error', failed);
    show();
    return () => {
      clearTimeout(timer);
      element?.removeEventListener('load', shown);
      element?.removeEventListener('error', failed);
    };
  }, [chosen]);
  // What it shows is said in words beside it.
  return <img ref={image} className="mask" alt="" />;
}
