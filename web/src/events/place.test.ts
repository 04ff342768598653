import { describe, expect, it } from 'vitest';
import { example, strange } from './example.ts';
import { hashOf, isFiltered, matches, NO_FILTER, type Place, placeOf } from './place.ts';

const nowhere: Place = { ...NO_FILTER, day: null, event: null };

describe('the address', () => {
  it('says nothing where nothing was chosen', () => {
    expect(hashOf(nowhere)).toBe('#events');
    expect(placeOf('#events')).toEqual(nowhere);
    expect(placeOf('')).toEqual(nowhere);
  });

  it('leads back to where one was', () => {
    const place: Place = {
      camera: 'front & back',
      state: 'ALERT',
      type: 'loitering',
      severity: 'HIGH',
      zone: 'Straße #1?',
      kept: true,
      day: '2026-11-29',
      event: 1_795_967_590_684,
    };
    expect(placeOf(hashOf(place))).toEqual(place);
    expect(placeOf(hashOf({ ...nowhere, kept: true }))).toEqual({ ...nowhere, kept: true });
  });

  it('may say nonsense, which is passed over', () => {
    const nonsense = '#events?day=2026-02-30&state=IDLE&severity=high&event=-1&kept=yes&camera=&colour=blue';
    expect(placeOf(nonsense)).toEqual(nowhere);
    expect(placeOf('#events?event=1e400').event).toBe(null);
    expect(placeOf('#events?day=today').day).toBe(null);
  });
});

describe('a filter', () => {
  const event = example(1, { state: 'ALERT', zone: 'yard', severity: 'HIGH', verdict: strange('HIGH') });

  it('wants what is as chosen in every way', () => {
    expect(matches(event, NO_FILTER)).toBe(true);
    const filter = {
      ...NO_FILTER,
      state: 'ALERT',
      type: 'loitering',
      severity: 'HIGH',
      zone: 'yard',
    } as const;
    expect(matches(event, filter)).toBe(true);
    expect(matches(event, { ...filter, camera: 'back' })).toBe(false);
    expect(matches(event, { ...filter, severity: 'LOW' })).toBe(false);
    expect(matches({ ...event, verdict: null }, filter)).toBe(false);
    expect(matches(event, { ...filter, kept: true })).toBe(false);
    expect(matches({ ...event, keep: true }, { ...filter, kept: true })).toBe(true);
  });

  it('is one if anything is chosen', () => {
    expect(isFiltered(NO_FILTER)).toBe(false);
    expect(isFiltered({ ...NO_FILTER, kept: true })).toBe(true);
    // The day is no filter.
    const place: Place = { ...nowhere, day: '2026-11-29' };
    expect(isFiltered(place)).toBe(false);
  });
});
