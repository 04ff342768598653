/** The page from the outside in: its texts, who looks, the cameras, and which of the pages is shown. */

import { domAnimation, LazyMotion, MotionConfig } from 'framer-motion';
import { type ComponentType, useEffect, useState } from 'react';
import { Access } from './access/Access.tsx';
import { Login } from './access/Login.tsx';
import { SessionProvider, useSession } from './access/session.tsx';
import { StatusProvider } from './api/status.tsx';
import type { Scope } from './api/types.ts';
import { CamerasProvider, useCameras } from './cameras.tsx';
import { Events } from './events/Events.tsx';
import { Bar, Frame } from './Frame.tsx';
import { Live } from './live/Live.tsx';
import { Outputs } from './outputs/Outputs.tsx';
import { Overview } from './overview/Overview.tsx';
import { type PageName, pagesFor } from './pages.ts';
import { Loading } from './parts/Parts.tsx';
import { Snapshots } from './snapshots/Snapshots.tsx';
import { System } from './system/System.tsx';
import { TextsProvider, useTexts } from './texts/index.tsx';
import { Tuning } from './tuning/Tuning.tsx';
import { Zones } from './zones/Zones.tsx';

const PAGES: Record<PageName, ComponentType> = {
  live: Live,
  overview: Overview,
  events: Events,
  zones: Zones,
  tuning: Tuning,
  outputs: Outputs,
  snapshots: Snapshots,
  system: System,
  access: Access,
};

/** Everything on the page moves only as much as its viewer likes to see. */
export function App() {
  return (
    <TextsProvider>
      <LazyMotion features={domAnimation} strict>
        <MotionConfig reducedMotion="user">
          <SessionProvider>
            <Gate />
          </SessionProvider>
        </MotionConfig>
      </LazyMotion>
    </TextsProvider>
  );
}

/** Without a session nothing of the pages is there, so nothing asks the server for anything. */
function Gate() {
  const { session, error, leave } = useSession();
  const { texts } = useTexts();
  if (session !== null && session.scope !== null && !leave.busy) {
    return (
      <CamerasProvider>
        <Watching scope={session.scope} />
      </CamerasProvider>
    );
  }
  return (
    <div className="frame">
      <Bar />
      <main>
        {session !== null && !leave.busy ? (
          <Login session={session} />
        ) : error === null ? (
          <Loading />
        ) : (
          <p className="muted" role="status">
            {texts.connection.offline}
          </p>
        )}
      </main>
    </div>
  );
}

function Watching({ scope }: { scope: Scope }) {
  const { cameras, chosen } = useCameras();
  const pages = pagesFor(scope, cameras.length);
  const hash = useHash();
  const page = pages.find((name) => name === hash.split('?', 1)[0]) ?? 'live';
  return (
    <StatusProvider camera={chosen} rate={page === 'tuning' ? 5 : 1}>
      <Frame page={page} pages={pages}>
        {/* Another camera is another page. */ <Content key={`${page} ${chosen}`} page={page} />}
      </Frame>
    </StatusProvider>
  );
}

function Content({ page }: { page: PageName }) {
  const Shown = PAGES[page];
  return <Shown />;
}

/** What is after the address's `#`. */
function useHash(): string {
  const [hash, setHash] = useState(() => location.hash.slice(1));
  useEffect(() => {
    const follow = () => setHash(location.hash.slice(1));
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return hash;
}
