/** Who may look and command: passwords, who is logged in, tokens for programs. */

import { get } from '../api/client.ts';
import type { Access as Listed, Session } from '../api/types.ts';
import { usePolled } from '../parts/hooks.ts';
import { Card, Loading, Page, Problem } from '../parts/Parts.tsx';
import { useTexts } from '../texts/index.tsx';
import { FirstPassword, OwnPassword, ViewersPassword } from './Passwords.tsx';
import { Sessions } from './Sessions.tsx';
import { useSession } from './session.tsx';
import { Tokens } from './Tokens.tsx';

const PERIOD_MS = 5000;

const ask = () => get<Listed>('api/access');

export function Access() {
  const { texts } = useTexts();
  const { session } = useSession();
  return (
    <Page heading={texts.access.heading}>
      {session?.auth === 'none' ? <Open session={session} /> : <Guarded />}
    </Page>
  );
}

/** Nobody needs to log in: why, and what can be done about it. */
function Open({ session }: { session: Session }) {
  const { texts } = useTexts();
  const t = texts.access;
  return (
    <div className="halves">
      <Card heading={t.open}>
        <p className="said warn">{t.openText}</p>
        {session.open_by_configuration ? (
          <p>
            {t.openByConfiguration} <code>auth = "none"</code>
          </p>
        ) : (
          <>
            <p>{t.openByLoopback}</p>
            <FirstPassword />
          </>
        )}
      </Card>
    </div>
  );
}

function Guarded() {
  const { answer, error, again } = usePolled(ask, PERIOD_MS);
  const viewer = answer?.users.find(({ name }) => name === 'viewer');
  const admin = answer?.users.find(({ name }) => name === 'admin');
  if (answer === null) return error === null ? <Loading /> : <Problem error={error} />;
  return (
    <>
      <Problem error={error} />
      <div className="halves">
        <OwnPassword changed={admin?.changed ?? null} again={again} />
        <ViewersPassword set={viewer?.set === true} changed={viewer?.changed ?? null} again={again} />
        <Sessions sessions={answer.sessions} failed={answer.failed_logins} again={again} />
        <Tokens tokens={answer.tokens} again={again} />
      </div>
    </>
  );
}
