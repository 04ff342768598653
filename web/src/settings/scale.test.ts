import { describe, expect, it } from 'vitest';
import { positionOf, STEPS, valueAt } from './scale.ts';

describe('sliders', () => {
  const scales = [
    { from: 0, to: 1, logarithmic: false, zero: false },
    { from: 0.02, to: 50, logarithmic: true, zero: false },
    { from: 0.5, to: 300, logarithmic: true, zero: true },
  ];

  it('begin and end where their range does', () => {
    for (const scale of scales) {
      expect(valueAt(STEPS, scale)).toBe(scale.to);
      expect(valueAt(0, scale)).toBe(scale.zero ? 0 : scale.from);
    }
  });

  it('come back to where they were', () => {
    for (const scale of scales) {
      for (const position of [0, 1, 57, 100, 199, STEPS]) {
        expect(Math.abs(positionOf(valueAt(position, scale), scale) - position)).toBeLessThanOrEqual(1);
      }
    }
  });

  it('stand at their end for values beyond it', () => {
    for (const scale of scales) {
      expect(positionOf(1e9, scale)).toBe(STEPS);
    }
  });

  it('give numbers that people would write', () => {
    expect(valueAt(101, { from: 0, to: 1, logarithmic: false, zero: false })).toBe(0.505);
    expect(
      String(valueAt(77, { from: 0.02, to: 50, logarithmic: true, zero: false })).length,
    ).toBeLessThanOrEqual(5);
  });
});
