import { expect, it } from 'vitest';
import { columns } from './grid.ts';

it('has as many columns as rows, or one more', () => {
  expect([0, 1, 2, 3, 4, 5, 9, 10].map(columns)).toEqual([1, 1, 2, 2, 2, 3, 3, 4]);
});
