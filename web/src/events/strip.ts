/** Where the events of a day are drawn, and which one is meant by a click. Knows no React. */

import type { EventRecord } from '../api/types.ts';
import type { Tone } from '../live/situation.ts';
import { type Span, shareOf } from './day.ts';

export interface Bar {
  /** Shares of the day, 0 to 1. */
  left: number;
  width: number;
  tone: Tone;
  /** So many events are too close to be told apart. */
  count: number;
}

/** From the least to the worst: what is worse is drawn over the rest. */
const TONES: Tone[] = ['motion', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL'];

export const toneOf = ({ severity }: EventRecord): Tone => severity ?? 'motion';

/** One row for each camera that there is, and for those that are gone and have events. */
export function rowsOf(events: EventRecord[], cameras: string[]): [camera: string, events: EventRecord[]][] {
  const rows = new Map<string, EventRecord[]>(cameras.map((camera) => [camera, []]));
  for (const event of events) {
    const row = rows.get(event.camera);
    if (row === undefined) rows.set(event.camera, [event]);
    else row.push(event);
  }
  return [...rows];
}

/**
 * The bars of one row. None is narrower than `least`, a share of the day that can be seen; those of one colour that touch become one,
 * so that there are never more than can be told apart.
 */
export function barsOf(events: EventRecord[], span: Span, now: number, least: number): Bar[] {
  const bars: Bar[] = [];
  for (const tone of TONES) {
    let last: Bar | undefined;
    const same = events.filter((event) => toneOf(event) === tone).sort((a, b) => a.began - b.began);
    for (const event of same) {
      const left = Math.min(shareOf(event.began, span), 1 - least);
      const width = Math.max(least, shareOf(event.ended ?? now, span) - left);
      if (last !== undefined && left <= last.left + last.width) {
        last.width = Math.max(last.width, left + width - last.left);
        last.count += 1;
      } else {
        last = { left, width, tone, count: 1 };
        bars.push(last);
      }
    }
  }
  return bars;
}

/** The event at a moment, or the nearest one that isn't farther away than `reach` milliseconds. */
export function eventAt(
  events: EventRecord[],
  time: number,
  reach: number,
  now: number,
): EventRecord | undefined {
  let best: EventRecord | undefined;
  let least = reach;
  for (const event of events) {
    const away = Math.max(0, event.began - time, time - (event.ended ?? now));
    const worse = best !== undefined && TONES.indexOf(toneOf(event)) > TONES.indexOf(toneOf(best));
    if (away < least || (away === least && (best === undefined || worse))) {
      best = event;
      least = away;
    }
  }
  return best;
}
