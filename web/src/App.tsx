/** The frame around the pages: where one is, which camera, which language. */

import { domAnimation, LazyMotion, MotionConfig } from 'framer-motion';
import { type ReactNode, useCallback, useEffect, useRef, useState } from 'react';
import { StatusProvider, useStatus } from './api/status.tsx';
import { CamerasProvider, useCameras } from './cameras.tsx';
import { Live } from './live/Live.tsx';
import { Outputs } from './outputs/Outputs.tsx';
import { Icon } from './parts/Icon.tsx';
import { Select } from './parts/Parts.tsx';
import { Snapshots } from './snapshots/Snapshots.tsx';
import { System } from './system/System.tsx';
import { LANGUAGES, type Language, TextsProvider, useTexts } from './texts/index.tsx';
import { Tuning } from './tuning/Tuning.tsx';
import { Zones } from './zones/Zones.tsx';

const PAGES = {
  live: Live,
  zones: Zones,
  tuning: Tuning,
  outputs: Outputs,
  snapshots: Snapshots,
  system: System,
};
export type PageName = keyof typeof PAGES;
const NAMES = Object.keys(PAGES) as PageName[];

/** Everything on the page moves only as much as its viewer likes to see. */
export function App() {
  return (
    <TextsProvider>
      <LazyMotion features={domAnimation} strict>
        <MotionConfig reducedMotion="user">
          <CamerasProvider>
            <Watching />
          </CamerasProvider>
        </MotionConfig>
      </LazyMotion>
    </TextsProvider>
  );
}

function Watching() {
  const { chosen } = useCameras();
  const page = usePage();
  return (
    <StatusProvider camera={chosen} rate={page === 'tuning' ? 5 : 1}>
      <Frame page={page}>
        {/* Another camera is another page. */ <Content key={`${page} ${chosen}`} page={page} />}
      </Frame>
    </StatusProvider>
  );
}

function Content({ page }: { page: PageName }) {
  const Shown = PAGES[page];
  return <Shown />;
}

/** The page after the address's `#`. */
function usePage(): PageName {
  const read = useCallback(() => NAMES.find((name) => name === location.hash.slice(1)) ?? 'live', []);
  const [page, setPage] = useState<PageName>(read);
  useEffect(() => {
    const follow = () => setPage(read());
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, [read]);
  return page;
}

function Frame({ page, children }: { page: PageName; children: ReactNode }) {
  const { texts, language, choose } = useTexts();
  const { cameras, camera, choose: chooseCamera } = useCameras();
  const main = useRef<HTMLElement>(null);
  const { status } = useStatus();
  const state = status === null ? texts.connection.offlineShort : texts.states[status.ai_status];

  useEffect(() => {
    document.title = `${page === 'live' ? state : texts.pages[page]} · ${texts.title}`;
  }, [page, state, texts]);

  return (
    <div className="frame">
      <a className="skip" href={`#${page}`} onClick={() => main.current?.focus()}>
        {texts.skip}
      </a>
      <header className="bar">
        <p className="brand">
          <Icon name="brand" /> <span>{texts.title}</span>
        </p>
        <nav aria-label={texts.navigation}>
          <ul>
            {NAMES.map((name) => (
              <li key={name}>
                <a href={`#${name}`} aria-current={name === page ? 'page' : undefined}>
                  <Icon name={name} />
                  <span>{texts.pages[name]}</span>
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <div className="choices">
          {cameras.length > 1 && (
            <Select
              label={texts.camera}
              hideLabel
              value={camera?.name ?? ''}
              options={cameras.map(({ name }) => [name, name] as const)}
              change={chooseCamera}
            />
          )}
          <Select
            label={texts.chooseLanguage}
            hideLabel
            value={language}
            options={(Object.keys(LANGUAGES) as Language[]).map(
              (name) => [name, LANGUAGES[name].language] as const,
            )}
            change={choose}
          />
        </div>
      </header>
      {/* The address's `#page` leads to it, for the skip link too. */}
      <main ref={main} id={page} tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}
