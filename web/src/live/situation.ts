/** What a status means to whoever looks: one tone, one title, and why. Knows no React. */

import type { Anomaly, Camera, Finding, Severity, Status } from '../api/types.ts';
import type { Texts } from '../texts/en.ts';
import type { Format } from '../texts/format.ts';

/** Decides the colour: severities are GREEN, YELLOW, ORANGE, RED. */
export type Tone = 'off' | 'lost' | 'idle' | 'motion' | Severity;

export interface Situation {
  tone: Tone;
  /** The state in one word, for reading from afar. */
  word: string;
  title: string;
  /** Why, the most important first. `foreign`: in English whatever the page's language is. */
  lines: { text: string; foreign?: boolean }[];
  anomaly?: Anomaly;
  /** Of an anomaly or an alert. */
  severity?: Severity;
}

interface Words {
  texts: Texts;
  format: Format;
}

/** With `starts` for somebody who can start the camera. */
export function situation(
  status: Status | null,
  starting: boolean,
  source: Camera['source'] | undefined,
  words: Words,
  starts = true,
): Situation {
  const { texts } = words;
  if (status === null) {
    const title = starting ? texts.connection.connecting : texts.connection.offline;
    return { tone: 'off', word: starting ? '…' : texts.connection.offlineShort, title, lines: [] };
  }
  if (!status.streaming) {
    const lines = starts ? [{ text: texts.live.stoppedHint }] : [];
    return { tone: 'off', word: texts.live.stoppedShort, title: texts.live.stopped, lines };
  }
  if (status.degraded !== undefined) return lost(status, source, words);
  if (!status.camera_active) {
    return { tone: 'off', word: texts.live.openingShort, title: texts.live.opening, lines: [] };
  }
  return watching(status, words);
}

function gone(source: Camera['source'] | undefined, texts: Texts) {
  if (source === 'network') return texts.lost.goneNetwork;
  return source === 'recording' ? texts.lost.goneRecording : texts.lost.gone;
}

function lost(status: Status, source: Camera['source'] | undefined, { texts, format }: Words): Situation {
  const { kind, reason, seconds } = status.degraded ?? { kind: 'failed' as const, reason: '', seconds: 0 };
  const since = format.duration(seconds);
  const words = kind === 'gone' ? gone(source, texts) : texts.lost[kind];
  return {
    tone: 'lost',
    word: texts.live.noSignalShort,
    title: words(since),
    lines: [{ text: reason, foreign: true }, { text: texts.lost.again }],
  };
}

function watching(status: Status, words: Words): Situation {
  const { texts } = words;
  const word = texts.states[status.ai_status];
  const anomaly = status.anomaly_status;
  const zone = status.ai_status === 'ALERT' ? status.alert_zone : undefined;
  const alerting = status.ai_status === 'ALERT';
  const severity =
    worse(anomaly?.severity, alerting ? status.alert_severity : undefined) ?? (alerting ? 'HIGH' : undefined);
  const inZone = zone === undefined ? [] : [{ text: texts.banner.zone(zone) }];
  if (anomaly !== undefined && severity !== undefined) {
    const title = texts.types[anomaly.anomaly_type] ?? anomaly.anomaly_type;
    return { tone: severity, word, title, lines: [...reasons(anomaly, words), ...inZone], anomaly, severity };
  }
  const notes = hints(status, words);
  if (severity !== undefined) {
    const title = inZone[0]?.text ?? texts.banner.holding;
    const lines = zone === undefined ? notes : [{ text: texts.banner.zoneHint }];
    return { tone: severity, word, title, lines, severity };
  }
  if (status.ai_status === 'MOTION') {
    const count = status.motion_regions ?? 0;
    const title = count === 0 ? texts.banner.motionEnds : texts.banner.motion(count);
    return {
      tone: 'motion',
      word,
      title,
      lines: notes.length > 0 ? notes : [{ text: texts.banner.motionHint }],
    };
  }
  const hint = (status.motion_regions ?? 0) > 0 ? texts.banner.stirring : texts.banner.quietHint;
  const lines = notes.length > 0 ? notes : [{ text: hint }];
  return { tone: 'idle', word, title: texts.banner.quiet, lines };
}

const SEVERITIES: Severity[] = ['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'];

/** The worse of two, of which either may be absent. */
function worse(a: Severity | undefined, b: Severity | undefined): Severity | undefined {
  return SEVERITIES.findLast((severity) => severity === a || severity === b);
}

/** What holds the detection back, while it works. */
function hints(status: Status, { texts, format }: Words): Situation['lines'] {
  const lines: Situation['lines'] = [];
  if (status.learning_background === true) lines.push({ text: texts.banner.learningBackground });
  else if (status.lighting_change === true) lines.push({ text: texts.banner.lighting });
  const stats = status.anomaly_stats;
  if (
    stats !== undefined &&
    !stats.learning_complete &&
    !('missing' in status.network && stats.learning_progress === 0)
  ) {
    lines.push({ text: texts.banner.learning(format.percent(stats.learning_progress)) });
  }
  for (const limit of status.limits ?? [])
    lines.push({ text: `${texts.banner.limits}: ${limit}`, foreign: true });
  return lines;
}

/** The reasons of an anomaly in the page's language; those without words here as the server says them. */
export function reasons(anomaly: Anomaly, words: Words): Situation['lines'] {
  return anomaly.reasoning.map((english, index) => {
    const finding = anomaly.findings?.[index];
    const text = finding === undefined ? null : inWords(finding, words);
    return text === null ? { text: english, foreign: true } : { text };
  });
}

/** How the value of each kind of finding is written. */
const WRITTEN: Record<string, (value: number, format: Format) => string> = {
  area: (value, format) => format.percent(value),
  turned: (value, format) => format.percent(value),
  covered: (value, format) => format.percent(value),
  size: (value, format) => format.percent(value, 1),
  linger: (value, format) => format.duration(value),
};

function inWords(finding: Finding, { texts, format }: Words): string | null {
  const say = (texts.findings as Record<string, (value: string, normal: string, at: string) => string>)[
    finding.code
  ];
  if (say === undefined) return null;
  const write = WRITTEN[finding.code] ?? ((value: number) => format.significant(value));
  const written = (value: number | undefined) => (value === undefined ? '' : write(value, format));
  const { x, y } = finding;
  const at = x === undefined || y === undefined ? '' : (texts.places[third(y)]?.[third(x)] ?? '');
  return say(written(finding.value), written(finding.normal_up_to ?? finding.usually), at);
}

const third = (place: number) => Math.min(2, Math.max(0, Math.floor(place * 3)));
