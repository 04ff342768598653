/** Who looks at the page and what they may do. */

import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from 'react';
import { get, onDenied, post } from '../api/client.ts';
import type { Scope, Session } from '../api/types.ts';
import { covers } from '../pages.ts';
import { useCommand, usePolled } from '../parts/hooks.ts';

/** Whoever mends the file of passwords sees soon that it is mended. */
const LOCKED_PERIOD_MS = 5000;

/** Why nobody is logged in any more: somebody logged out here, or it was ended elsewhere. */
type End = 'here' | 'elsewhere';

interface Who {
  /** Null: not known yet. */
  session: Session | null;
  /** Why it isn't known. */
  error: unknown;
  end: End | null;
  may: (needed: Scope) => boolean;
  /** Takes what the server says of the session after a login or a change of the password. */
  take: (session: Session) => void;
  leave: ReturnType<typeof useLeave>;
}

const Context = createContext<Who | null>(null);

export function useSession(): Who {
  const who = useContext(Context);
  if (who === null) throw new Error('the session is used outside of its provider');
  return who;
}

const ask = () => get<Session>('api/session');

/** Logging out. Meanwhile nothing of the pages is there: they would ask on for what they may no longer have. */
function useLeave(setEnd: (end: End | null) => void, again: () => Promise<boolean>) {
  const { busy, error, run, dismiss } = useCommand();
  const logOut = useCallback(async () => {
    setEnd('here');
    if (!(await run(() => post('api/logout').finally(again)))) setEnd(null);
  }, [setEnd, again, run]);
  return useMemo(() => ({ busy, error, dismiss, logOut }), [busy, error, dismiss, logOut]);
}

export function SessionProvider({ children }: { children: ReactNode }) {
  const [locked, setLocked] = useState(false);
  const { answer: session, error, again, put } = usePolled(ask, locked ? LOCKED_PERIOD_MS : 0);
  const [end, setEnd] = useState<End | null>(null);
  const scope = session?.scope ?? null;

  useEffect(() => setLocked(session?.auth === 'locked' && scope === null), [session, scope]);
  useEffect(() => {
    if (scope !== null) setEnd(null);
  }, [scope]);
  // A refusal alone says nothing of who is logged in now: that is asked.
  useEffect(
    () =>
      onDenied(() => {
        setEnd((end) => end ?? 'elsewhere');
        void again();
      }),
    [again],
  );

  const leave = useLeave(setEnd, again);

  const who = useMemo(
    () => ({
      session,
      error,
      end,
      may: (needed: Scope) => scope !== null && covers(scope, needed),
      take: put,
      leave,
    }),
    [session, error, end, scope, put, leave],
  );
  return <Context.Provider value={who}>{children}</Context.Provider>;
}
