import { describe, expect, it } from 'vitest';
import { faultsOf } from './useSettings.ts';

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
});
