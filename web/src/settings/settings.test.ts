import { describe, expect, it } from 'vitest';
import { faultsOf, isAbout } from './useSettings.ts';

describe('faults', () => {
  const fault = (...keys: string[]) => ({ keys, text: keys.join() });

  it('are shown beside each field that they are about, and beside no other', () => {
    const faults = [
      fault('camera[0].zone[1].points[2]'),
      fault('camera[0].motion.min_seconds', 'camera[0].motion.absorb_seconds'),
    ];
    expect(faultsOf(faults, 'camera[0].zone[1]')).toEqual([faults[0]]);
    expect(faultsOf(faults, 'camera[0].zone[10]')).toEqual([]);
    expect(faultsOf(faults, 'camera[0].motion.min_seconds')).toEqual([faults[1]]);
    expect(faultsOf(faults, 'camera[0].motion.min')).toEqual([]);
  });

  it('are about what a patch of the whole sets', () => {
    const patch = { events: { days: 3 } };
    expect(isAbout(fault('events.days'), patch)).toBe(true);
    expect(isAbout(fault('snapshots.days'), patch)).toBe(false);
  });

  it('are about what a patch sets', () => {
    const patch = { camera: { yard: { width: 3, motion: { sensitivity: null }, zone: [] } } };
    for (const key of [
      'camera[1].width',
      'camera[0].motion.sensitivity',
      'camera[0].zone[3].name',
      'camera[0].zone',
    ]) {
      expect(isAbout(fault(key), patch), key).toBe(true);
    }
    for (const key of [
      'camera[0].height',
      'camera[0].motion.min_area',
      'camera[0].widths',
      'stream.quality',
    ]) {
      expect(isAbout(fault(key), patch), key).toBe(false);
    }
  });
});
