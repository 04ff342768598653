/** Updates of the installed package: asks for one, shows how far it is and how the last one went. */

import { get, post } from '../api/client.ts';
import type { Update as Updates } from '../api/types.ts';
import { useCommand, usePolled } from '../parts/hooks.ts';
import { Button, Card, Facts, Problem } from '../parts/Parts.tsx';
import { useTexts } from '../texts/index.tsx';

const PERIOD_MS = 2000;
const ask = () => get<Updates>('api/update');

/** Nothing where updates come in another way. */
export function Update() {
  const { texts, format } = useTexts();
  // While the service is started anew it can't be asked; the page says so by itself.
  const { answer, put } = usePolled(ask, PERIOD_MS);
  const { run, busy, error } = useCommand();
  const t = texts.system.update;
  if (!answer?.possible) return null;
  const { phase, last } = answer;
  const goesOn = phase !== 'idle' && phase !== 'unheard';
  return (
    <Card heading={t.heading}>
      <p>{t.phases[phase]}</p>
      {last !== null && (
        <Facts
          rows={[
            [t.last, `${t.outcomes[last.outcome]}, ${format.date(last.at)}`],
            [t.versions, last.from === last.to ? last.from : `${last.from} → ${last.to}`],
            [
              t.why,
              <span key="why" lang="en">
                {last.why}
              </span>,
            ],
          ]}
        />
      )}
      <Problem error={error} />
      <Button
        busy={busy || goesOn}
        onClick={() => void run(async () => put(await post<Updates>('api/update')))}
      >
        {t.now}
      </Button>
    </Card>
  );
}
