import { describe, expect, it } from 'vitest';
import { History, SPAN_MS } from './history.ts';
import type { Status } from './types.ts';

const fps = (fps?: number) => ({ ...(fps === undefined ? {} : { fps }) }) as Status;

describe('the history of what is measured', () => {
  it('keeps what is young and forgets the rest', () => {
    const history = new History();
    for (let second = 0; second <= 300; second += 1) history.add(second * 1000, fps(second));
    const [dots] = history.stretches('fps');
    expect(dots?.[0]).toEqual({ age: -SPAN_MS, value: 300 - SPAN_MS / 1000 });
    expect(dots?.at(-1)).toEqual({ age: 0, value: 300 });
  });

  it('has a gap where nothing was measured or heard', () => {
    const history = new History();
    for (const [at, value] of [
      [0, 1],
      [1000, 2],
      [2000, undefined],
      [3000, 3],
      [60_000, 4],
    ] as const) {
      history.add(at, fps(value));
    }
    expect(history.stretches('fps').map((dots) => dots.map((dot) => dot.value))).toEqual([[1, 2], [3], [4]]);
  });

  it('keeps a short peak of the anomaly level', () => {
    const history = new History();
    for (const [at, anomaly_level] of [
      [0, 1],
      [200, 9],
      [400, 1],
    ] as const) {
      history.add(at, { anomaly_level } as Status);
    }
    expect(history.stretches('level')).toEqual([[{ age: 0, value: 9 }]]);
  });

  it('begins anew when the clock was set back', () => {
    const history = new History();
    history.add(10_000, fps(1));
    history.add(2000, fps(2));
    expect(history.stretches('fps')).toEqual([[{ age: 0, value: 2 }]]);
  });
});
