import { describe, expect, it } from 'vitest';
import type { Point, Zone } from '../api/types.ts';
import { type Action, EMPTY, freeName, reduce } from './draft.ts';
import { moved, near, split, without } from './geometry.ts';

const square: Point[] = [
  [0.1, 0.1],
  [0.3, 0.1],
  [0.3, 0.3],
  [0.1, 0.3],
];
const zone = (name: string): Zone => ({ name, kind: 'alert', points: square });

describe('polygons', () => {
  it('stay within the picture and keep their shape when they are moved', () => {
    expect(moved(square, 5, -5)).toEqual([
      [0.8, 0],
      [1, 0],
      [1, 0.2],
      [0.8, 0.2],
    ]);
  });

  it('get a corner in the middle of an edge, the last one too', () => {
    expect(split(square, 3)[4]).toEqual([0.1, 0.2]);
    expect(split(square, 0)[1]).toEqual([0.2, 0.1]);
  });

  it('keep three corners', () => {
    const triangle = without(square, 0);
    expect(triangle).toHaveLength(3);
    expect(without(triangle, 0)).toBe(triangle);
  });

  it('are near in pixels, not in shares', () => {
    expect(near([0, 0], [0.01, 0], { width: 1000, height: 10 }, 10)).toBe(true);
    expect(near([0, 0], [0.02, 0], { width: 1000, height: 10 }, 10)).toBe(false);
  });
});

describe('the draft', () => {
  const done = (...actions: Action[]) => actions.reduce(reduce, EMPTY);
  const corners = (count: number): Action[] =>
    Array.from({ length: count }, (_, at) => ({ do: 'corner', at: [at / 10, (at * at) / 10] }));

  it('is drawn corner by corner and selected when it is finished', () => {
    const draft = done({ do: 'begin', kind: 'privacy' }, ...corners(3), { do: 'finish', name: 'window' });
    expect(draft.zones).toEqual([
      {
        name: 'window',
        kind: 'privacy',
        points: [
          [0, 0],
          [0.1, 0.1],
          [0.2, 0.4],
        ],
      },
    ]);
    expect([draft.selected, draft.changed, draft.drawing]).toEqual([0, true, null]);
  });

  it('isn’t finished with two corners, and left by cancelling', () => {
    const draft = done({ do: 'begin', kind: 'alert' }, ...corners(2), { do: 'finish', name: 'x' });
    expect(draft.zones).toEqual([]);
    expect(draft.drawing?.points).toHaveLength(2);
    expect(reduce(draft, { do: 'cancel' })).toEqual(EMPTY);
  });

  it('takes no corner outside of the picture', () => {
    const draft = done({ do: 'begin', kind: 'alert' }, { do: 'corner', at: [1.4, -0.2] });
    expect(draft.drawing?.points).toEqual([[1, 0]]);
  });

  it('is unchanged after loading and changed after each edit', () => {
    const loaded = done({ do: 'load', zones: [zone('a'), zone('b')] });
    expect(loaded.changed).toBe(false);
    const edits: Action[] = [
      { do: 'rename', zone: 0, name: 'c' },
      { do: 'kind', zone: 0, kind: 'ignore' },
      { do: 'move', zone: 0, by: [0.1, 0] },
      { do: 'move corner', zone: 0, corner: 1, to: [0.9, 0.9] },
      { do: 'add corner', zone: 0, after: 1 },
      { do: 'remove corner', zone: 0, corner: 1 },
    ];
    for (const edit of edits) {
      const draft = reduce(loaded, edit);
      expect(draft.changed, edit.do).toBe(true);
      expect(draft.zones[0], edit.do).not.toEqual(zone('a'));
      expect(draft.zones[1], edit.do).toEqual(zone('b'));
    }
    expect(reduce(loaded, { do: 'remove', zone: 0 }).zones).toEqual([zone('b')]);
  });

  it('finds a name that is free', () => {
    const name = (number: number) => `zone ${number}`;
    expect(freeName([zone('zone 1'), zone('zone 3')], name)).toBe('zone 2');
  });
});
