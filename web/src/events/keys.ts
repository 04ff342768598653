/** What keys do while an event is looked at. Knows no React. */

export type Action = 'newer' | 'older' | 'play' | 'back' | 'forward' | 'keep' | 'remove';

const ACTIONS: Record<string, Action> = {
  ArrowLeft: 'older',
  ArrowRight: 'newer',
  ' ': 'play',
  ',': 'back',
  '.': 'forward',
  k: 'keep',
  K: 'keep',
  Delete: 'remove',
};

interface Pressed {
  key: string;
  ctrlKey: boolean;
  altKey: boolean;
  metaKey: boolean;
}

/** What a key means, if anything. `target` is the name of the element that has the focus: fields need their keys for themselves. */
export function actionOf(pressed: Pressed, target: string): Action | null {
  if (pressed.ctrlKey || pressed.altKey || pressed.metaKey) return null;
  if (['INPUT', 'SELECT', 'TEXTAREA'].includes(target)) return null;
  const action = ACTIONS[pressed.key] ?? null;
  // The space bar presses what has the focus.
  if (action === 'play' && ['BUTTON', 'A', 'SUMMARY'].includes(target)) return null;
  return action;
}
