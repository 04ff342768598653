import { describe, expect, it } from 'vitest';
import { frameSeconds, stepped } from './frames.ts';
import { actionOf } from './keys.ts';

describe('single pictures', () => {
  it('are as long as the clip says', () => {
    expect(frameSeconds({ frames: 250, seconds: 10 })).toBe(0.04);
    expect(frameSeconds({ frames: 0, seconds: 0 })).toBe(0.1);
  });

  it('are reached one by one, there and back', () => {
    let time = 0;
    const places: number[] = [];
    for (let step = 0; step < 12; step += 1) {
      time = stepped(time, 1, 0.1, 1);
      places.push(Math.floor(time / 0.1 + 1e-6));
    }
    expect(places).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 9]);
    for (let step = 0; step < 12; step += 1) time = stepped(time, -1, 0.1, 1);
    expect(time).toBeCloseTo(0.05);
  });

  it('never go beyond the clip', () => {
    expect(stepped(0.97, 1, 0.04, 1)).toBeLessThan(1);
    expect(stepped(0, -1, 0.04, 1)).toBeGreaterThan(0);
  });
});

describe('keys', () => {
  const press = (key: string, target = 'DIV', more = {}) =>
    actionOf({ key, ctrlKey: false, altKey: false, metaKey: false, ...more }, target);

  it('do what the window says', () => {
    expect(['ArrowLeft', 'ArrowRight', ' ', ',', '.', 'k', 'Delete'].map((key) => press(key))).toEqual([
      'older',
      'newer',
      'play',
      'back',
      'forward',
      'keep',
      'remove',
    ]);
    expect(press('x')).toBe(null);
  });

  it('belong to the field that one types in, and the space bar to what it presses', () => {
    for (const field of ['INPUT', 'SELECT', 'TEXTAREA']) expect(press('k', field)).toBe(null);
    expect(press(' ', 'BUTTON')).toBe(null);
    expect(press('k', 'BUTTON')).toBe('keep');
  });

  it('belong to the browser with others held', () => {
    expect(press('ArrowLeft', 'DIV', { altKey: true })).toBe(null);
    expect(press('k', 'DIV', { ctrlKey: true })).toBe(null);
  });
});
