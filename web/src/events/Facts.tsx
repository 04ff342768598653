/** What is known of an event, and why it was strange. */

import type { EventRecord } from '../api/types.ts';
import { reasons } from '../live/situation.ts';
import { Facts } from '../parts/Parts.tsx';
import { useTexts } from '../texts/index.tsx';
import { durationOf } from './words.ts';

export function EventFacts({ event }: { event: EventRecord }) {
  const { texts, format } = useTexts();
  const t = texts.events;
  const { clip, ended } = event;
  return (
    <>
      <Verdict event={event} />
      <Facts
        rows={[
          [t.camera, event.camera],
          [t.state, texts.states[event.state]],
          [t.zone, event.zone],
          [t.began, format.date(event.began)],
          [t.lasted, ended === null ? t.underWay : durationOf(event, texts, format)],
          [t.things, format.number(event.tracks)],
          [
            t.clipFacts,
            // Under way it says how much was written so far, if anything.
            clip !== null &&
              ended !== null &&
              t.clipText(
                format.duration(clip.seconds),
                format.number(clip.frames),
                `${clip.width} × ${clip.height}`,
                format.bytes(clip.bytes),
              ),
          ],
          [t.fault, event.fault !== null && <span lang="en">{event.fault}</span>],
        ]}
      />
      {!event.time_synced && <p className="muted hint">{t.unset}</p>}
    </>
  );
}

function Verdict({ event: { verdict } }: { event: EventRecord }) {
  const { texts, format } = useTexts();
  if (verdict === null) return null;
  return (
    <div className={`verdict tone-${verdict.severity.toLowerCase()}`}>
      <p className="row wrap">
        <strong>{texts.types[verdict.anomaly_type] ?? verdict.anomaly_type}</strong>
        <span className="severity">
          <span className="unseen">{texts.banner.severity}: </span>
          {texts.severities[verdict.severity]}
        </span>
      </p>
      <ul>
        {reasons(verdict, { texts, format }).map(({ text, foreign }) => (
          <li key={text} lang={foreign === true ? 'en' : undefined}>
            {text}
          </li>
        ))}
      </ul>
      <p className="muted hint">
        {texts.banner.confidence} {format.percent(verdict.confidence)} · {texts.banner.deviation}{' '}
        {format.number(verdict.baseline_deviation, 1)} {texts.banner.deviationUnit}
      </p>
    </div>
  );
}
