/** The last minutes of what is measured, for the curves. Bounded. */

import type { Status } from './types.ts';

/** So far back the curves go. */
export const SPAN_MS = 120_000;
/** Statuses that come faster are of the same moment for a curve. */
const STEP_MS = 900;

export const FIGURES = {
  fps: (status: Status) => status.fps,
  latency: (status: Status) => status.latency_ms,
  processing: (status: Status) => status.processing_ms,
  temperature: (status: Status) => status.process?.temperature_c,
  memory: (status: Status) => status.process?.memory_bytes,
  level: (status: Status) => status.anomaly_level,
  limit: (status: Status) => status.anomaly_limit,
} as const;

export type Figure = keyof typeof FIGURES;

interface Sample {
  at: number;
  values: Record<Figure, number | undefined>;
}

export interface Dot {
  /** Milliseconds before the newest one; 0 or less. */
  age: number;
  value: number;
}

export class History {
  private samples: Sample[] = [];

  add(at: number, status: Status): void {
    const values = Object.fromEntries(
      Object.entries(FIGURES).map(([figure, read]) => [figure, read(status)]),
    ) as Sample['values'];
    const last = this.samples.at(-1);
    if (last !== undefined && at - last.at < STEP_MS && at >= last.at) {
      // A short peak between two steps must not be lost.
      if ((values.level ?? 0) > (last.values.level ?? 0)) last.values.level = values.level;
      return;
    }
    // A clock that was set back would leave the curve without an order.
    if (last !== undefined && at < last.at) this.samples = [];
    this.samples.push({ at, values });
    this.samples = this.samples.filter((sample) => at - sample.at <= SPAN_MS);
  }

  /** Unbroken stretches of a curve: where nothing was measured there is a gap. */
  stretches(figure: Figure): Dot[][] {
    const newest = this.samples.at(-1)?.at ?? 0;
    const stretches: Dot[][] = [];
    let before: Sample | null = null;
    for (const sample of this.samples) {
      const value = sample.values[figure];
      const joined =
        before !== null && before.values[figure] !== undefined && sample.at - before.at < 4 * STEP_MS;
      if (value !== undefined) {
        if (!joined) stretches.push([]);
        stretches.at(-1)?.push({ age: sample.at - newest, value });
      }
      before = sample;
    }
    return stretches;
  }
}
