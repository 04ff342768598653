import { describe, expect, it } from 'vitest';
import { FEWEST, isAllowed, MOST, propose, strength } from './password.ts';

describe('a password', () => {
  it('is as strong as it is long', () => {
    const strengths = [0, 9, 10, 13, 14, 19, 20, 256, 257].map((length) => strength('x'.repeat(length)));
    expect(strengths).toEqual(['short', 'short', 'fair', 'fair', 'good', 'good', 'strong', 'strong', 'long']);
    expect(isAllowed('x'.repeat(FEWEST - 1))).toBe(false);
    expect(isAllowed('x'.repeat(FEWEST))).toBe(true);
    expect(isAllowed('x'.repeat(MOST + 1))).toBe(false);
  });

  it('is counted in characters, whatever a computer makes of them', () => {
    expect(strength('😀'.repeat(9))).toBe('short');
    expect(strength('😀'.repeat(10))).toBe('fair');
  });

  it('that is proposed is strong, can be read out, and is never the same', () => {
    const proposed = Array.from({ length: 200 }, propose);
    for (const password of proposed) {
      expect(password).toMatch(/^([a-km-np-z2-9]{5}-){3}[a-km-np-z2-9]{5}$/);
      expect(strength(password)).toBe('strong');
    }
    expect(new Set(proposed).size).toBe(200);
    // All letters of the alphabet are used: 4000 draws of 32.
    expect(new Set(proposed.join('').replaceAll('-', '')).size).toBe(32);
  });
});
