/** The zones as they are being edited, before they are saved. Pure: what an action makes of them. */

import type { Point, Zone, ZoneKind } from '../api/types.ts';
import { FEWEST_CORNERS, MOST_CORNERS, moved, point, split, withCorner, without } from './geometry.ts';

export interface Draft {
  zones: Zone[];
  /** Its place in `zones`. */
  selected: number | null;
  /** A zone that is being drawn. */
  drawing: { kind: ZoneKind; points: Point[]; cursor: Point } | null;
  changed: boolean;
}

export type Action =
  | { do: 'load'; zones: Zone[] }
  | { do: 'saved' }
  | { do: 'select'; zone: number | null }
  | { do: 'begin'; kind: ZoneKind }
  | { do: 'cursor'; at: Point }
  | { do: 'corner'; at: Point }
  | { do: 'finish'; name: string }
  | { do: 'cancel' }
  | { do: 'move'; zone: number; by: Point }
  | { do: 'move corner'; zone: number; corner: number; to: Point }
  | { do: 'add corner'; zone: number; after: number }
  | { do: 'remove corner'; zone: number; corner: number }
  | { do: 'rename'; zone: number; name: string }
  | { do: 'kind'; zone: number; kind: ZoneKind }
  | { do: 'remove'; zone: number };

export const EMPTY: Draft = { zones: [], selected: null, drawing: null, changed: false };

export function reduce(draft: Draft, action: Action): Draft {
  const { zones, drawing } = draft;
  switch (action.do) {
    case 'load':
      return { ...EMPTY, zones: action.zones };
    case 'saved':
      return { ...draft, changed: false };
    case 'select':
      return { ...draft, selected: action.zone };
    case 'begin':
      return { ...draft, selected: null, drawing: { kind: action.kind, points: [], cursor: [0.5, 0.5] } };
    case 'cursor':
      return drawing === null ? draft : { ...draft, drawing: { ...drawing, cursor: point(...action.at) } };
    case 'corner':
      if (drawing === null || drawing.points.length >= MOST_CORNERS) return draft;
      return { ...draft, drawing: { ...drawing, points: [...drawing.points, point(...action.at)] } };
    case 'finish': {
      if (drawing === null || drawing.points.length < FEWEST_CORNERS) return draft;
      const zone = { name: action.name, kind: drawing.kind, points: drawing.points };
      return { zones: [...zones, zone], selected: zones.length, drawing: null, changed: true };
    }
    case 'cancel':
      return { ...draft, drawing: null };
    case 'remove':
      return { zones: zones.filter((_, at) => at !== action.zone), selected: null, drawing, changed: true };
    case 'move':
      return edited(draft, action.zone, (zone) => ({ ...zone, points: moved(zone.points, ...action.by) }));
    case 'move corner':
      return edited(draft, action.zone, (zone) => ({
        ...zone,
        points: withCorner(zone.points, action.corner, action.to),
      }));
    case 'add corner':
      return edited(draft, action.zone, (zone) => ({ ...zone, points: split(zone.points, action.after) }));
    case 'remove corner':
      return edited(draft, action.zone, (zone) => ({ ...zone, points: without(zone.points, action.corner) }));
    case 'rename':
      return edited(draft, action.zone, (zone) => ({ ...zone, name: action.name }));
    case 'kind':
      return edited(draft, action.zone, (zone) => ({ ...zone, kind: action.kind }));
  }
}

function edited(draft: Draft, index: number, edit: (zone: Zone) => Zone): Draft {
  return {
    ...draft,
    zones: draft.zones.map((zone, at) => (at === index ? edit(zone) : zone)),
    changed: true,
  };
}

/** A name that no zone has yet. */
export function freeName(zones: Zone[], name: (number: number) => string): string {
  const taken = new Set(zones.map((zone) => zone.name));
  let number = 1;
  while (taken.has(name(number))) number += 1;
  return name(number);
}
