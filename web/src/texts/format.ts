/** Numbers, times and durations as people of a language write them; times in the viewer's own zone. */

import type { Texts } from './en.ts';

export class Format {
  private readonly texts: Texts;
  private readonly locale: string;
  private readonly dates: Intl.DateTimeFormat;
  private readonly clocks: Intl.DateTimeFormat;

  constructor(locale: string, texts: Texts) {
    // British English: days before months, and 24 hours as on every recorder.
    this.locale = locale === 'en' ? 'en-GB' : locale;
    this.texts = texts;
    this.dates = new Intl.DateTimeFormat(this.locale, { dateStyle: 'medium', timeStyle: 'medium' });
    this.clocks = new Intl.DateTimeFormat(this.locale, { timeStyle: 'medium' });
  }

  number(value: number, digits = 0): string {
    return value.toLocaleString(this.locale, {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
  }

  /** With so many digits that count. */
  significant(value: number, digits = 2): string {
    return value.toLocaleString(this.locale, { maximumSignificantDigits: digits });
  }

  percent(share: number, digits = 0): string {
    return share.toLocaleString(this.locale, {
      style: 'percent',
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
  }

  bytes(bytes: number): string {
    const { kilobytes, megabytes, gigabytes } = this.texts.units;
    if (bytes < 1e6) return `${this.number(bytes / 1e3)} ${kilobytes}`;
    return bytes < 1e9
      ? `${this.number(bytes / 1e6, 1)} ${megabytes}`
      : `${this.number(bytes / 1e9, 1)} ${gigabytes}`;
  }

  /** Of seconds, in the largest unit of which there are at least two. */
  duration(seconds: number): string {
    const { durations } = this.texts;
    const whole = Math.max(0, Math.round(seconds));
    if (whole < 120) return durations.seconds(this.number(whole));
    if (whole < 2 * 3600) return durations.minutes(this.number(Math.floor(whole / 60)));
    if (whole < 2 * 86_400) return durations.hours(this.number(Math.floor(whole / 3600)));
    return durations.days(this.number(Math.floor(whole / 86_400)));
  }

  /** Of an RFC 3339 text or milliseconds since 1970. */
  date(time: string | number): string {
    return this.dates.format(new Date(time));
  }

  /** A day of the viewer's zone, with its name. */
  day(time: number): string {
    return new Date(time).toLocaleDateString(this.locale, {
      weekday: 'short',
      day: 'numeric',
      month: 'short',
      year: 'numeric',
    });
  }

  clock(time: string | number): string {
    return this.clocks.format(new Date(time));
  }
}
