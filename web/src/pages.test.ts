import { describe, expect, it } from 'vitest';
import { covers, pagesFor } from './pages.ts';

describe('the pages', () => {
  it('are those on which nothing is asked for that one may not have', () => {
    expect(pagesFor('view', 1)).toEqual(['live', 'events', 'snapshots']);
    expect(pagesFor('control', 1)).toEqual(['live', 'events', 'outputs', 'snapshots']);
    expect(pagesFor('admin', 1)).toEqual([
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

  it('have an overview where there is more than one camera', () => {
    expect(pagesFor('view', 2)).toEqual(['live', 'overview', 'events', 'snapshots']);
  });

  it('are for scopes that include each other', () => {
    expect(covers('admin', 'view')).toBe(true);
    expect(covers('control', 'control')).toBe(true);
    expect(covers('control', 'admin')).toBe(false);
    expect(covers('view', 'control')).toBe(false);
  });
});
