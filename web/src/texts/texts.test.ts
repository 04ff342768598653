import { describe, expect, it } from 'vitest';
import { de } from './de.ts';
import { en } from './en.ts';
import { Format } from './format.ts';
import { preferred } from './index.tsx';

/** Every text by its path; functions by what they make of placeholders. */
function flat(texts: unknown, path = ''): [string, string][] {
  if (typeof texts === 'string') return [[path, texts]];
  if (typeof texts === 'function') return [[path, String(texts('¹', '²', '³', '⁴'))]];
  return Object.entries(texts as object).flatMap(([key, value]) => flat(value, `${path}.${key}`));
}

describe('texts', () => {
  it('are the same in number, and none is empty but units that need no word', () => {
    const [english, german] = [flat(en), flat(de)];
    expect(german.map(([path]) => path)).toEqual(english.map(([path]) => path));
    for (const [path, text] of [...english, ...german]) {
      if (!path.startsWith('.fields.units.')) expect(text.trim(), path).not.toBe('');
    }
  });

  it('mention in German what they mention in English', () => {
    const german = new Map(flat(de));
    for (const [path, text] of flat(en)) {
      for (const placeholder of '¹²³⁴') {
        expect(german.get(path)?.includes(placeholder), `${path} ${placeholder}`).toBe(
          text.includes(placeholder),
        );
      }
    }
  });

  it('are in the first of the browser’s languages that there is', () => {
    expect(preferred(['fr-FR', 'de-AT', 'en'])).toBe('de');
    expect(preferred(['fr'])).toBe('en');
    expect(preferred([])).toBe('en');
  });
});

describe('figures', () => {
  const english = new Format('en', en);
  const german = new Format('de', de);

  it('are written as people of the language do', () => {
    expect(english.number(1547.25, 1)).toBe('1,547.3');
    expect(german.number(1547.25, 1)).toBe('1.547,3');
    expect(german.percent(0.042, 1)).toBe('4,2\u00a0%');
    expect(english.bytes(41_000_000)).toBe('41.0 MB');
    expect(english.bytes(62_500_000_000)).toBe('62.5 GB');
  });

  it('give durations in the largest unit of which there are two', () => {
    const durations = [0, 12.4, 119, 120, 7199, 7200, 172_800].map((seconds) => english.duration(seconds));
    expect(durations).toEqual(['0 s', '12 s', '119 s', '2 min', '119 min', '2 h', '2 days']);
  });
});
