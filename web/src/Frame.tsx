/** What is around the pages: where one is, which camera, which language, who is logged in. */

import { type ReactNode, useEffect, useRef } from 'react';
import { useSession } from './access/session.tsx';
import { useStatus } from './api/status.tsx';
import { useCameras } from './cameras.tsx';
import type { PageName } from './pages.ts';
import { Icon } from './parts/Icon.tsx';
import { Problem, Select } from './parts/Parts.tsx';
import { LANGUAGES, type Language, useTexts } from './texts/index.tsx';

/** The bar with the program's name; the pages and the cameras are there once somebody may see them. */
export function Bar({ pages, choices }: { pages?: ReactNode; choices?: ReactNode }) {
  const { texts, language, choose } = useTexts();
  return (
    <header className="bar">
      <p className="brand">
        <Icon name="brand" /> <span>{texts.title}</span>
      </p>
      {pages}
      <div className="choices">
        {choices}
        <Select
          label={texts.chooseLanguage}
          hideLabel
          value={language}
          options={(Object.keys(LANGUAGES) as Language[]).map(
            (name) => [name, LANGUAGES[name].language] as const,
          )}
          change={choose}
        />
        <LogOut />
      </div>
    </header>
  );
}

/** For whoever has logged in. */
function LogOut() {
  const { texts } = useTexts();
  const { session, leave } = useSession();
  if (session === null || session.user === null || leave.busy) return null;
  const name = texts.logOut(session.user);
  return (
    <button type="button" className="log-out" aria-label={name} title={name} onClick={leave.logOut}>
      <Icon name="leave" />
    </button>
  );
}

interface Props {
  page: PageName;
  /** Those that may be seen. */
  pages: PageName[];
  children: ReactNode;
}

export function Frame({ page, pages, children }: Props) {
  const { texts } = useTexts();
  const { cameras, camera, choose } = useCameras();
  const { leave } = useSession();
  const main = useRef<HTMLElement>(null);
  const { status } = useStatus();
  const state = status === null ? texts.connection.offlineShort : texts.states[status.ai_status];

  useEffect(() => {
    document.title = `${page === 'live' ? state : texts.pages[page]} · ${texts.title}`;
  }, [page, state, texts]);

  return (
    <div className="frame">
      <a
        className="skip"
        href={`#${page}`}
        onClick={(event) => {
          // What a page keeps behind its name stays.
          event.preventDefault();
          main.current?.focus();
        }}
      >
        {texts.skip}
      </a>
      <Bar
        pages={
          <nav aria-label={texts.navigation}>
            <ul>
              {pages.map((name) => (
                <li key={name}>
                  <a href={`#${name}`} aria-current={name === page ? 'page' : undefined}>
                    <Icon name={name} />
                    <span>{texts.pages[name]}</span>
                  </a>
                </li>
              ))}
            </ul>
          </nav>
        }
        choices={
          cameras.length > 1 && (
            <Select
              label={texts.camera}
              hideLabel
              value={camera?.name ?? ''}
              options={cameras.map(({ name }) => [name, name] as const)}
              change={choose}
            />
          )
        }
      />
      <MadePassword />
      {/* The address's `#page` leads to it, for the skip link too. */}
      <main ref={main} id={page} tabIndex={-1}>
        <Problem error={leave.error} dismiss={leave.dismiss} />
        {children}
      </main>
    </div>
  );
}

/** A password that the device made was written down somewhere. */
function MadePassword() {
  const { texts } = useTexts();
  const { session } = useSession();
  if (session?.password_made !== true) return null;
  return (
    <aside className="made-password" aria-label={texts.madePassword.name}>
      {texts.madePassword.text} <a href="#access">{texts.madePassword.change}</a>
    </aside>
  );
}
