/** Who is logged in where, and ending that. */

import { useState } from 'react';
import { call } from '../api/client.ts';
import type { LoggedIn } from '../api/types.ts';
import { useCommand } from '../parts/hooks.ts';
import { Button, Card, Confirm, Problem } from '../parts/Parts.tsx';
import { useTexts } from '../texts/index.tsx';
import { agentName } from './agent.ts';

interface Props {
  sessions: LoggedIn[];
  failed: number;
  again: () => Promise<unknown>;
}

const end = (id: string) => call('DELETE', `api/sessions/${encodeURIComponent(id)}`);

export function Sessions({ sessions, failed, again }: Props) {
  const { texts, format } = useTexts();
  const [asked, setAsked] = useState(false);
  const command = useCommand();
  const t = texts.access;
  const others = sessions.filter(({ current }) => !current);
  const endOne = async (id: string) => {
    await command.run(() => end(id));
    await again();
  };
  const endOthers = async () => {
    const done = await command.run(async () => {
      for (const { id } of others) await end(id);
    });
    await again();
    if (done) setAsked(false);
  };
  return (
    <Card heading={t.sessions}>
      <ul className="entries">
        {sessions.map(({ id, user, created, address, agent, current }) => (
          <li key={id} className="row between">
            <div>
              <p title={agent}>
                {agentName(agent) || t.unknownAgent} {current && <span className="tag">{t.thisOne}</span>}
              </p>
              <p className="muted hint">
                {user} · {address} · {t.since(format.date(1000 * created))}
              </p>
            </div>
            {!current && (
              <Button
                disabled={command.busy}
                aria-label={t.endNamed(agentName(agent) || t.unknownAgent, address)}
                onClick={() => endOne(id)}
              >
                {t.end}
              </Button>
            )}
          </li>
        ))}
      </ul>
      {!asked && <Problem error={command.error} dismiss={command.dismiss} />}
      <div className="row wrap between">
        <p className="muted">{t.failed(format.number(failed))}</p>
        {others.length > 0 && (
          <Button look="danger" onClick={() => setAsked(true)}>
            {t.endOthers}
          </Button>
        )}
      </div>
      {asked && (
        <Confirm
          question={t.endQuestion}
          text={t.endText}
          yes={t.endOthers}
          busy={command.busy}
          error={command.error}
          confirm={endOthers}
          close={() => {
            command.dismiss();
            setAsked(false);
          }}
        />
      )}
    </Card>
  );
}
