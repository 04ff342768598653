/** What the page of events shows, as it stands behind the `#` of the address: `#events?day=2026-11-29&severity=HIGH`. */

import type { EventRecord, Severity } from '../api/types.ts';
import { isDay } from './day.ts';

export interface Filter {
  camera: string | null;
  state: EventRecord['state'] | null;
  type: string | null;
  severity: Severity | null;
  zone: string | null;
  /** Only those that are marked to be kept. */
  kept: boolean;
}

export interface Place extends Filter {
  /** As 2026-11-29; null: today, and tomorrow the next one. */
  day: string | null;
  /** The event that is looked at. */
  event: number | null;
}

export const STATES = ['MOTION', 'ALERT'] as const;
export const SEVERITIES = ['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'] as const;

export const NO_FILTER: Filter = {
  camera: null,
  state: null,
  type: null,
  severity: null,
  zone: null,
  kept: false,
};

const PAGE = 'events';

/** Reads what is behind the `#`. What makes no sense there is passed over. */
export function placeOf(hash: string): Place {
  const pairs = new URLSearchParams(hash.replace(/^[^?]*\??/, ''));
  const text = (name: string) => pairs.get(name) || null;
  const day = text('day');
  const event = Number(text('event') ?? Number.NaN);
  return {
    camera: text('camera'),
    state: STATES.find((state) => state === text('state')) ?? null,
    type: text('type'),
    severity: SEVERITIES.find((severity) => severity === text('severity')) ?? null,
    zone: text('zone'),
    kept: text('kept') === '1',
    day: day !== null && isDay(day) ? day : null,
    event: Number.isSafeInteger(event) && event > 0 ? event : null,
  };
}

/** The other way, with the `#`. */
export function hashOf({ kept, event, ...texts }: Place): string {
  const pairs = new URLSearchParams();
  for (const name of ['day', 'camera', 'state', 'type', 'severity', 'zone'] as const) {
    const text = texts[name];
    if (text !== null && text !== '') pairs.set(name, text);
  }
  if (kept) pairs.set('kept', '1');
  if (event !== null) pairs.set('event', String(event));
  const query = pairs.toString();
  return query === '' ? `#${PAGE}` : `#${PAGE}?${query}`;
}

export const isFiltered = (filter: Filter) =>
  (Object.keys(NO_FILTER) as (keyof Filter)[]).some((name) => filter[name] !== NO_FILTER[name]);

/** Whether an event is among those wanted, as the server decides it. */
export function matches(event: EventRecord, filter: Filter): boolean {
  const is = (wanted: string | null, value: string | null | undefined) => wanted === null || wanted === value;
  return (
    is(filter.camera, event.camera) &&
    is(filter.state, event.state) &&
    is(filter.type, event.verdict?.anomaly_type) &&
    is(filter.severity, event.severity) &&
    is(filter.zone, event.zone) &&
    (!filter.kept || event.keep)
  );
}
