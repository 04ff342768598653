/** What is behind the address's `#`, as it changes. */

import { useCallback, useEffect, useState } from 'react';
import { hashOf, type Place, placeOf } from './place.ts';

/** Going somewhere can be taken back by the browser's button; what replaces something can't. */
export type Go = (change: Partial<Place>, replacing?: boolean) => void;

export function usePlace(): [Place, Go] {
  const [hash, setHash] = useState(() => location.hash);
  useEffect(() => {
    const follow = () => setHash(location.hash);
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  const go = useCallback<Go>((change, replacing = false) => {
    const hash = hashOf({ ...placeOf(location.hash), ...change });
    if (hash === location.hash) return;
    // Unlike an assignment to the hash this scrolls nowhere; and it tells nobody.
    if (replacing) history.replaceState(null, '', hash);
    else history.pushState(null, '', hash);
    dispatchEvent(new HashChangeEvent('hashchange'));
  }, []);
  return [placeOf(hash), go];
}
