/** How a slider's even steps become values. Pure. */

export interface Scale {
  from: number;
  to: number;
  /** Each step multiplies: for ranges over powers of ten. 0, where it is allowed, is left of the least value. */
  logarithmic: boolean;
  zero: boolean;
}

/** The slider goes from 0 to this. */
export const STEPS = 200;

/** The values of a slider; what is beyond it can be written as a number. */
export function valueAt(position: number, { from, to, logarithmic, zero }: Scale): number {
  if (zero && position <= 0) return 0;
  const share = Math.min(1, Math.max(0, position / STEPS));
  const value = logarithmic ? from * (to / from) ** share : from + share * (to - from);
  return neat(value);
}

export function positionOf(value: number, { from, to, logarithmic, zero }: Scale): number {
  if (zero && value <= 0) return 0;
  const bounded = Math.min(to, Math.max(from, value));
  const share = logarithmic ? Math.log(bounded / from) / Math.log(to / from) : (bounded - from) / (to - from);
  // With a 0 on its left, the least value has a step of its own.
  return Math.max(zero ? 1 : 0, Math.round(share * STEPS));
}

/** Three digits that count: nobody wants 0.50251256. */
function neat(value: number): number {
  return Number(value.toPrecision(3));
}
