/** The day as a strip of 24 hours: a row for each camera, a bar for what happened. */

import type { KeyboardEvent, PointerEvent } from 'react';
import type { EventRecord } from '../api/types.ts';
import { useCameras } from '../cameras.tsx';
import { useSize } from '../parts/hooks.ts';
import { useTexts } from '../texts/index.tsx';
import { hoursOf, type Span, shareOf, spanOf } from './day.ts';
import { barsOf, eventAt, rowsOf } from './strip.ts';
import { spoken } from './words.ts';

/** No bar is narrower, and a finger meets no narrower one. */
const LEAST_PX = 3;
const REACH_PX = 12;
/** Where there is less room every second label would touch the next. */
const NARROW_PX = 560;

interface Props {
  day: string;
  now: number;
  events: EventRecord[];
  /** Only this one; null: all. */
  camera: string | null;
  /** The event that is looked at, or was last. */
  current: number | null;
  choose: (event: EventRecord) => void;
  open: (event: EventRecord) => void;
}

export function Strip({ day, now, events, camera, current, choose, open }: Props) {
  const { texts } = useTexts();
  const { cameras } = useCameras();
  const { ref, size } = useSize<HTMLDivElement>();
  const span = spanOf(day);
  const names = camera === null ? cameras.map(({ name }) => name) : [camera];
  const rows = rowsOf(events, names);
  // Before it was measured it is as wide as most.
  const width = size.width || 1000;
  const past = shareOf(now, span);
  return (
    <div className={rows.length > 1 ? 'strip many' : 'strip'}>
      <div className="strip-hours" aria-hidden="true">
        <div ref={ref}>
          {hoursOf(day, width < NARROW_PX ? 6 : 3).map(({ hour, share }) => (
            <span key={hour} style={{ left: `${100 * share}%` }}>
              {String(hour).padStart(2, '0')}
            </span>
          ))}
        </div>
      </div>
      {rows.map(([name, events]) => (
        <div key={name} className="strip-row">
          {rows.length > 1 && <span className="strip-name">{name}</span>}
          <Row
            label={texts.events.strip(name, day)}
            {...{ span, now, events, width, current, choose, open, past }}
          />
        </div>
      ))}
    </div>
  );
}

interface RowProps extends Pick<Props, 'now' | 'events' | 'current' | 'choose' | 'open'> {
  label: string;
  span: Span;
  width: number;
  past: number;
}

/** For the keyboard and for whoever listens it is a slider over the events. */
function Row({ label, span, now, events, width, current, choose, open, past }: RowProps) {
  const { texts, format } = useTexts();
  const bars = barsOf(events, span, now, LEAST_PX / width);
  // The newest is the first.
  const place = events.findIndex(({ id }) => id === current);
  const chosen = events[place];
  const press = (pointer: PointerEvent<HTMLDivElement>) => {
    if (pointer.button !== 0) return;
    const box = pointer.currentTarget.getBoundingClientRect();
    const perPixel = (span.to - span.from) / box.width;
    const time = span.from + (pointer.clientX - box.left) * perPixel;
    const event = eventAt(events, time, REACH_PX * perPixel, now);
    if (event !== undefined) open(event);
  };
  const key = (pressed: KeyboardEvent) => {
    const last = events.length - 1;
    const to: Record<string, number> = {
      ArrowLeft: place < 0 ? 0 : Math.min(last, place + 1),
      ArrowRight: Math.max(0, place - 1),
      Home: last,
      End: 0,
    };
    const event = events[to[pressed.key] ?? -1];
    if (event !== undefined) choose(event);
    else if (pressed.key === 'Enter' && chosen !== undefined) open(chosen);
    else return;
    pressed.preventDefault();
  };
  return (
    <div
      className="strip-bars"
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={Math.max(0, events.length - 1)}
      aria-valuenow={place < 0 ? 0 : events.length - 1 - place}
      aria-valuetext={chosen === undefined ? texts.events.stripNone : spoken(chosen, texts, format)}
      onPointerUp={press}
      onKeyDown={key}
    >
      <svg viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
        {past < 1 && (
          <rect className="strip-future" x={1000 * past} y={0} width={1000 * (1 - past)} height={10} />
        )}
        {bars.map(({ left, width, tone }) => (
          <rect
            key={`${tone} ${left}`}
            className={`tone-${tone.toLowerCase()}`}
            x={1000 * left}
            y={1}
            width={1000 * width}
            height={8}
          />
        ))}
      </svg>
      {chosen !== undefined && (
        <span className="strip-mark" style={{ left: `${100 * shareOf(chosen.began, span)}%` }} />
      )}
    </div>
  );
}
