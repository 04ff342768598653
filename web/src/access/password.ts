/** What makes a password a good one: its length alone. Knows no React. */

/** The server's limits, in characters. */
export const FEWEST = 10;
export const MOST = 256;
const GOOD = 14;
const STRONG = 20;

export type Strength = 'short' | 'long' | 'fair' | 'good' | 'strong';

export function strength(password: string): Strength {
  const length = characters(password);
  if (length < FEWEST) return 'short';
  if (length > MOST) return 'long';
  if (length < GOOD) return 'fair';
  return length < STRONG ? 'good' : 'strong';
}

export const isAllowed = (password: string) => !['short', 'long'].includes(strength(password));

/** As the server counts them: a character outside of the basic plane is one. */
export const characters = (password: string) => [...password].length;

/** 32 that nobody takes for each other when reading them out: five bits each. */
const ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789';
const GROUPS = 4;
const OF_EACH = 5;

/** A new one of 100 random bits, in groups that can be copied by hand. */
export function propose(): string {
  const random = crypto.getRandomValues(new Uint8Array(GROUPS * OF_EACH));
  const letters = Array.from(random, (byte) => ALPHABET[byte % ALPHABET.length]);
  return Array.from({ length: GROUPS }, (_, group) =>
    letters.slice(group * OF_EACH, (group + 1) * OF_EACH).join(''),
  ).join('-');
}
