/** Days of the viewer's zone, written as 2026-11-29, and where moments are in them. */

export interface Span {
  /** Unix milliseconds; the end is the next day's beginning. */
  from: number;
  to: number;
}

const parts = (day: string) => day.split('-').map(Number) as [number, number, number];

export function dayOf(time: number): string {
  const date = new Date(time);
  const two = (number: number) => String(number).padStart(2, '0');
  const year = String(date.getFullYear()).padStart(4, '0');
  return `${year}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

export const isDay = (text: string) => /^\d{4}-\d\d-\d\d$/.test(text) && dayOf(spanOf(text).from) === text;

/** Not always 24 hours long. */
export function spanOf(day: string): Span {
  const [year, month, date] = parts(day);
  return {
    from: new Date(year, month - 1, date).getTime(),
    to: new Date(year, month - 1, date + 1).getTime(),
  };
}

/** So many days later. */
export function shifted(day: string, by: number): string {
  const [year, month, date] = parts(day);
  // Noon is there on each day.
  return dayOf(new Date(year, month - 1, date + by, 12).getTime());
}

/** Where a moment is in a span, 0 to 1. */
export const shareOf = (time: number, { from, to }: Span) =>
  Math.min(1, Math.max(0, (time - from) / (to - from)));

/** Every so many hours of a day by its clocks, from midnight to midnight. */
export function hoursOf(day: string, step: number): { hour: number; share: number }[] {
  const [year, month, date] = parts(day);
  const span = spanOf(day);
  return Array.from({ length: Math.floor(24 / step) + 1 }, (_, index) => {
    const hour = index * step;
    return { hour, share: shareOf(new Date(year, month - 1, date, hour).getTime(), span) };
  });
}
