import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dayOf, hoursOf, isDay, shareOf, shifted, spanOf } from './day.ts';
import { example, strange } from './example.ts';
import { barsOf, eventAt, rowsOf, toneOf } from './strip.ts';

const HOUR = 3_600_000;
const zone = process.env.TZ;
beforeEach(() => {
  process.env.TZ = 'Europe/Berlin';
});
afterEach(() => {
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
});

describe('a day', () => {
  it('is the viewer’s, and as long as its clocks say', () => {
    const span = spanOf('2026-11-29');
    expect(new Date(span.from).toISOString()).toBe('2026-11-28T23:00:00.000Z');
    expect(span.to - span.from).toBe(24 * HOUR);
    expect(dayOf(span.from)).toBe('2026-11-29');
    expect(dayOf(span.to)).toBe('2026-11-30');
    const [spring, autumn] = [spanOf('2026-03-29'), spanOf('2026-10-25')];
    expect(spring.to - spring.from).toBe(23 * HOUR);
    expect(autumn.to - autumn.from).toBe(25 * HOUR);
  });

  it('has days before and after it', () => {
    expect(shifted('2026-03-01', -1)).toBe('2026-02-28');
    expect(shifted('2026-03-28', 1)).toBe('2026-03-29');
    expect(shifted('2026-10-25', 1)).toBe('2026-10-26');
    expect(shifted('2026-12-31', 1)).toBe('2027-01-01');
  });

  it('is written in one way', () => {
    expect(isDay('2024-02-29')).toBe(true);
    for (const text of ['2026-02-29', '2026-2-1', '26-02-01', '', 'today']) expect(isDay(text)).toBe(false);
  });

  it('has its hours where its clocks show them', () => {
    expect(hoursOf('2026-11-29', 6).map(({ share }) => share)).toEqual([0, 0.25, 0.5, 0.75, 1]);
    // Six o'clock comes an hour sooner.
    expect(hoursOf('2026-03-29', 6)[1]?.share).toBeCloseTo(5 / 23);
  });
});

describe('the strip', () => {
  const span = { from: 0, to: 24 * HOUR };
  const at = (hour: number, minutes: number, more = {}) =>
    example(hour * HOUR, { began: hour * HOUR, ended: hour * HOUR + minutes * 60_000, ...more });

  it('has bars where and as long as something happened', () => {
    const [bar, ...others] = barsOf([at(6, 72)], span, span.to, 0.001);
    expect(bar).toMatchObject({ left: 0.25, tone: 'motion', count: 1 });
    expect(bar?.width).toBeCloseTo(0.05);
    expect(others).toEqual([]);
  });

  it('has no bar that can’t be seen or that leaves it', () => {
    const [short, last] = barsOf(
      [at(6, 0), at(24, 0, { began: span.to - 1, ended: span.to })],
      span,
      span.to,
      0.01,
    );
    expect(short?.width).toBe(0.01);
    expect((last?.left ?? 0) + (last?.width ?? 0)).toBeCloseTo(1);
    // From the day before, and on into the next one.
    const [long] = barsOf([example(1, { began: -HOUR, ended: 25 * HOUR })], span, span.to, 0.01);
    expect(long).toMatchObject({ left: 0, width: 1 });
  });

  it('makes one bar of what touches and has the same colour, and draws the worst last', () => {
    const events = [
      at(6, 1, { severity: 'CRITICAL', verdict: strange('CRITICAL') }),
      at(6, 2),
      at(6, 3),
      at(7, 1),
      at(6, 4, { state: 'ALERT' }),
    ];
    const bars = barsOf(events, span, span.to, 0.001);
    expect(bars.map(({ tone, count }) => [tone, count])).toEqual([
      ['motion', 2],
      ['motion', 1],
      ['HIGH', 1],
      ['CRITICAL', 1],
    ]);
  });

  it('never has more bars than can be told apart', () => {
    const many = Array.from({ length: 5000 }, (_, second) =>
      example(second, { began: 17_280 * second, ended: 17_280 * second + 1000 }),
    );
    expect(barsOf(many, span, span.to, 0.003)).toHaveLength(1);
  });

  it('lets what is under way last until now', () => {
    const [bar] = barsOf([at(6, 0, { ended: null })], span, 12 * HOUR, 0.001);
    expect(bar).toMatchObject({ left: 0.25, width: 0.25 });
  });

  it('has a row for each camera, also for one that is gone', () => {
    const rows = rowsOf([example(2, { camera: 'old' }), example(1)], ['yard', 'door']);
    expect(rows.map(([camera, events]) => [camera, events.length])).toEqual([
      ['yard', 1],
      ['door', 0],
      ['old', 1],
    ]);
  });

  it('takes a click for the nearest event, and of several the worst', () => {
    const [early, late] = [at(6, 10), at(12, 10)];
    const alert = at(12, 10, { id: 5, state: 'ALERT' });
    const events = [late, early];
    expect(eventAt(events, 6 * HOUR + 1, HOUR, span.to)).toBe(early);
    expect(eventAt(events, 11.5 * HOUR, HOUR, span.to)).toBe(late);
    expect(eventAt(events, 9 * HOUR, HOUR, span.to)).toBe(undefined);
    expect(eventAt([late, alert], 12 * HOUR, HOUR, span.to)).toBe(alert);
    expect(eventAt([alert, late], 12 * HOUR, HOUR, span.to)).toBe(alert);
  });

  it('has the colour of its severity, or is grey', () => {
    expect(toneOf(example(1, { state: 'ALERT', severity: 'LOW', verdict: strange('LOW') }))).toBe('LOW');
    expect(toneOf(example(1, { state: 'ALERT' }))).toBe('HIGH');
    expect(toneOf(example(1))).toBe('motion');
  });

  it('knows where moments are', () => {
    expect(shareOf(6 * HOUR, span)).toBe(0.25);
    expect(shareOf(-1, span)).toBe(0);
    expect(shareOf(25 * HOUR, span)).toBe(1);
  });
});
