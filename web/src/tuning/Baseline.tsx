/** What was learned as normal: where, when and how much; and the commands that pause it or forget it. */

import { useState } from 'react';
import { address, get, post, Refusal } from '../api/client.ts';
import type { Baseline } from '../api/types.ts';
import { useCameras } from '../cameras.tsx';
import { useCommand, usePolled } from '../parts/hooks.ts';
import { Button, Card, Confirm, Facts, Loading, Problem } from '../parts/Parts.tsx';
import { useTexts } from '../texts/index.tsx';

const PERIOD_MS = 5000;

type Asked = 'pause' | 'reset';

export function BaselineView() {
  const { texts, format } = useTexts();
  const { chosen } = useCameras();
  const { answer, error, again } = usePolled(
    () => get<Baseline>(address('api/baseline', { camera: chosen })),
    PERIOD_MS,
  );
  const [asked, setAsked] = useState<Asked | null>(null);
  const command = useCommand();
  const t = texts.baseline;
  if (error instanceof Refusal && error.status === 409) {
    return (
      <Card heading={t.heading}>
        <p className="muted">{t.off}</p>
      </Card>
    );
  }
  if (answer === null) return error === null ? <Loading /> : <Problem error={error} />;

  const pause = (paused: boolean) =>
    command.run(() => post(address('api/baseline/pause', { camera: chosen }), { paused }));
  const confirm = async () => {
    const done =
      asked === 'pause'
        ? await pause(true)
        : await command.run(() => post(address('api/baseline/reset', { camera: chosen })));
    if (done) setAsked(null);
    await again();
  };
  const resume = async () => {
    await pause(false);
    await again();
  };
  const progress = answer.paused ? t.paused : answer.learning_complete ? t.complete : t.learning;
  return (
    <Card heading={t.heading} className="baseline">
      <div className="row wrap between">
        <Facts
          rows={[
            [t.learned, `${format.percent(answer.learning_progress)} (${progress})`],
            [t.time, format.duration(answer.learned_seconds)],
          ]}
        />
        <div className="row wrap">
          {answer.paused ? (
            <Button busy={command.busy} onClick={resume}>
              {t.resume}
            </Button>
          ) : (
            <Button onClick={() => setAsked('pause')}>{t.pause}</Button>
          )}
          <Button look="danger" onClick={() => setAsked('reset')}>
            {t.reset}
          </Button>
        </div>
      </div>
      {asked === null && <Problem error={command.error} dismiss={command.dismiss} />}
      <div className="baseline-parts">
        <figure>
          {/* The number makes the browser ask for the newest one. */}
          <img
            src={address('api/baseline/map.png', {
              camera: chosen,
              learned: Math.floor(answer.learned_seconds / 30),
            })}
            alt={t.map}
          />
          <figcaption className="muted hint">{t.map}</figcaption>
        </figure>
        <div>
          <h3>{t.activity}</h3>
          <Hours name={t.workingDays} shares={answer.activity.working_days} />
          <Hours name={t.weekends} shares={answer.activity.weekends} />
        </div>
        <Signals signals={answer.signals} />
      </div>
      {asked !== null && (
        <Confirm
          question={asked === 'pause' ? t.pauseQuestion : t.resetQuestion}
          text={asked === 'pause' ? t.pauseText : t.resetText}
          yes={asked === 'pause' ? t.pause : t.reset}
          busy={command.busy}
          error={command.error}
          confirm={confirm}
          close={() => {
            command.dismiss();
            setAsked(null);
          }}
        />
      )}
    </Card>
  );
}

/** Share of time with motion for each hour of the day. */
function Hours({ name, shares }: { name: string; shares: (number | null)[] }) {
  const { texts, format } = useTexts();
  const most = Math.max(0.01, ...shares.map((share) => share ?? 0));
  const seen = shares.flatMap((share, hour) =>
    share === null ? [] : [texts.baseline.hour(hour, format.percent(share, 1))],
  );
  const words = seen.length === 0 ? texts.baseline.notSeen : seen.join(', ');
  return (
    <div className="hours">
      <span className="muted">{name}</span>
      <svg viewBox="0 0 240 40" preserveAspectRatio="none" role="img" aria-label={`${name}: ${words}`}>
        {shares.map((share, hour) => {
          const height = share === null ? 1 : Math.max(1.5, (38 * share) / most);
          return (
            <rect
              // biome-ignore lint/suspicious/noArrayIndexKey: an hour is its number
              key={hour}
              className={share === null ? 'unseen-hour' : ''}
              x={hour * 10 + 1}
              width={8}
              y={40 - height}
              height={height}
            />
          );
        })}
      </svg>
      <span className="muted hour-scale" aria-hidden="true">
        <span>0</span>
        <span>6</span>
        <span>12</span>
        <span>18</span>
        <span>24</span>
      </span>
    </div>
  );
}

function Signals({ signals }: { signals: Baseline['signals'] }) {
  const { texts, format } = useTexts();
  const t = texts.baseline;
  return (
    <table className="table">
      <caption>{t.signals}</caption>
      <thead>
        <tr>
          <th scope="col">{t.signal}</th>
          <th scope="col" className="figures">
            {t.normal}
          </th>
          <th scope="col">{t.unit}</th>
        </tr>
      </thead>
      <tbody>
        {signals.map(({ signal, unit, normal_up_to: normal }) => (
          <tr key={signal}>
            <th scope="row">{t.signalNames[signal] ?? signal}</th>
            <td className="figures">
              {normal === null ? texts.telemetry.unknown : format.significant(normal, 3)}
            </td>
            <td className="muted">{t.units[unit] ?? unit}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
