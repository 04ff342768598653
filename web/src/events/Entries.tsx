/** The day's events one by one, to be opened and to be chosen for an export. */

import { useEffect, useRef, useState } from 'react';
import { address } from '../api/client.ts';
import type { EventRecord } from '../api/types.ts';
import { useCameras } from '../cameras.tsx';
import { Icon } from '../parts/Icon.tsx';
import { Button } from '../parts/Parts.tsx';
import { useTexts } from '../texts/index.tsx';
import { toneOf } from './strip.ts';
import { exportOf, fileOf } from './useEvents.ts';
import { durationOf, titleOf } from './words.ts';

/** The server puts no more into one archive. */
const MOST_EXPORTED = 100;

const EARLY_MS = 500;
const RETRY_MS = 1500;
const MOST_TRIES = 3;

/** Where the focus goes when an event was looked at. */
export const entryId = (id: number) => `event-${id}`;

interface EntriesProps {
  events: EventRecord[];
  chosen: Set<number>;
  choose: (chosen: Set<number>) => void;
  current: number | null;
  open: (event: EventRecord) => void;
}

export function Entries({ events, chosen, choose, current, open }: EntriesProps) {
  const turn = (id: number) => {
    const turned = new Set(chosen);
    if (!turned.delete(id)) turned.add(id);
    choose(turned);
  };
  return (
    <ul className="events">
      {events.map((event) => (
        <Entry
          key={event.id}
          event={event}
          chosen={chosen.has(event.id)}
          current={event.id === current}
          open={() => open(event)}
          turn={() => turn(event.id)}
        />
      ))}
    </ul>
  );
}

interface EntryProps {
  event: EventRecord;
  chosen: boolean;
  current: boolean;
  open: () => void;
  turn: () => void;
}

function Entry({ event, chosen, current, open, turn }: EntryProps) {
  const { texts, format } = useTexts();
  const { cameras } = useCameras();
  const { verdict, zone, ended, keep } = event;
  const time = format.clock(event.began);
  const severity = event.severity === null ? null : texts.severities[event.severity];
  return (
    <li className={`event tone-${toneOf(event).toLowerCase()} ${current ? 'current' : ''}`}>
      <button
        type="button"
        id={entryId(event.id)}
        className="event-open"
        aria-current={current ? 'true' : undefined}
        onClick={open}
      >
        <Thumbnail event={event} />
        <span className="event-text">
          <span className="event-title">{titleOf(event, texts)}</span>
          <span>
            {time} {ended !== null && <span className="muted">{durationOf(event, texts, format)}</span>}
          </span>
          <span className="event-marks">
            <span className="event-state">
              {texts.states[event.state]}
              {severity !== null && ` · ${severity}`}
            </span>
            {ended === null && <span className="event-live">{texts.events.underWay}</span>}
            {keep && (
              <span className="event-kept">
                <Icon name="kept" /> {texts.events.kept}
              </span>
            )}
          </span>
          <span className="muted hint">
            {[
              cameras.length > 1 ? event.camera : null,
              zone === null || verdict === null ? null : texts.events.inZone(zone),
            ]
              .filter((text) => text !== null)
              .join(' · ')}
          </span>
        </span>
      </button>
      <label className="event-choose">
        <input type="checkbox" checked={chosen} aria-label={texts.events.choose(time)} onChange={turn} />
      </label>
    </li>
  );
}

/** A picture that isn't there yet, or that a better moment replaces, is asked for again: an event is told of before it has one. */
function Thumbnail({ event }: { event: EventRecord }) {
  const [awaited, setAwaited] = useState(event.ended === null);
  const [tries, setTries] = useState(0);
  const timer = useRef<ReturnType<typeof setTimeout>>();
  useEffect(() => {
    timer.current = setTimeout(() => setAwaited(false), EARLY_MS);
    return () => clearTimeout(timer.current);
  }, []);
  const again = () => {
    if (tries < MOST_TRIES) timer.current = setTimeout(() => setTries(tries + 1), RETRY_MS);
  };
  const moment = event.ended === null ? event.score.toFixed(4) : null;
  const source = address(fileOf(event, 'thumbnail.jpg'), { moment, again: tries > 0 ? tries : null });
  return (
    <img src={awaited ? undefined : source} alt="" loading="lazy" width={160} height={120} onError={again} />
  );
}

interface ChosenProps {
  shown: EventRecord[];
  chosen: Set<number>;
  choose: (chosen: Set<number>) => void;
}

/** What is chosen, and taking it home. */
export function Chosen({ shown, chosen, choose }: ChosenProps) {
  const { texts, format } = useTexts();
  const t = texts.events;
  if (chosen.size === 0) return null;
  const most = shown.slice(0, MOST_EXPORTED).map(({ id }) => id);
  return (
    <div className="row wrap chosen">
      <strong role="status">{t.chosen(format.number(chosen.size))}</strong>
      {chosen.size <= MOST_EXPORTED ? (
        <a className="button primary" href={exportOf([...chosen])} download="events.zip">
          {t.exportChosen}
        </a>
      ) : (
        <span className="fault">{t.tooMany(format.number(MOST_EXPORTED))}</span>
      )}
      <Button onClick={() => choose(new Set(most))}>{t.chooseAll}</Button>
      <Button onClick={() => choose(new Set())}>{t.unchoose}</Button>
    </div>
  );
}
