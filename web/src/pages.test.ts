import { describe, expect, it } from 'vitest';
import { covers, pagesFor } from './pages.ts';

describe('the pages', () => {
  it('are those on which nothing is asked for that one may not have', () => {
    expect(pagesFor('view')).toEqual(['live', 'events', 'snapshots']);
    expect(pagesFor('control')).toEqual(['live', 'events', 'outputs', 'snapshots']);
    expect(pagesFor('admin')).toEqual([
      'live',
      'events',
      'zones',
      'tuning',
      'outputs',
      'snapshots',
      'system',
      'access',
    ]);
  });

  it('are for scopes that include each other', () => {
    expect(covers('admin', 'view')).toBe(true);
    expect(covers('control', 'control')).toBe(true);
    expect(covers('control', 'admin')).toBe(false);
    expect(covers('view', 'control')).toBe(false);
  });
});
