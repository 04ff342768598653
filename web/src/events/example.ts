/** An event for tests. */

import type { EventRecord } from '../api/types.ts';

export const example = (id: number, more: Partial<EventRecord> = {}): EventRecord => ({
  id,
  camera: 'yard',
  began: id,
  ended: id + 10_000,
  time_synced: true,
  state: 'MOTION',
  severity: more.state === 'ALERT' ? 'HIGH' : null,
  verdict: null,
  zone: null,
  score: 0,
  tracks: 1,
  regions: [],
  clip: null,
  keep: false,
  fault: null,
  ...more,
});

export const strange = (severity: 'LOW' | 'MEDIUM' | 'HIGH' | 'CRITICAL', type = 'loitering') => ({
  is_anomaly: true,
  anomaly_type: type,
  confidence: 0.9,
  severity,
  reasoning: ['it is strange'],
  baseline_deviation: 4,
});
