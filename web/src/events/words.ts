/** Events in words. Knows no React. */

import type { EventRecord } from '../api/types.ts';
import type { Texts } from '../texts/en.ts';
import type { Format } from '../texts/format.ts';

/** What happened, in a few words. */
export function titleOf({ verdict, state, zone }: EventRecord, texts: Texts): string {
  if (verdict !== null) return texts.types[verdict.anomaly_type] ?? verdict.anomaly_type;
  if (state === 'MOTION') return texts.events.motion;
  return zone === null ? texts.events.alert : texts.banner.zone(zone);
}

/** How long it lasted, if it is over. */
export function durationOf({ began, ended }: EventRecord, texts: Texts, format: Format): string {
  return ended === null ? texts.events.underWay : format.duration((ended - began) / 1000);
}

/** All that the list shows of an event, for whoever listens to it. */
export function spoken(event: EventRecord, texts: Texts, format: Format): string {
  const { severity, keep } = event;
  return [
    texts.events.open(titleOf(event, texts), format.clock(event.began)),
    durationOf(event, texts, format),
    event.camera,
    texts.states[event.state],
    severity === null ? null : `${texts.events.severity} ${texts.severities[severity]}`,
    keep ? texts.events.kept : null,
  ]
    .filter((text) => text !== null)
    .join(', ');
}
