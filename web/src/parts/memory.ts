/** What this browser remembers of its user's choices. Where it may not, everything works and nothing is remembered. */

const PREFIX = 'edge-cctv.';

export function recall(name: string): string | null {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    // Private windows and full storages refuse.
  }
}
