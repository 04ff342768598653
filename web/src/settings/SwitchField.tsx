/** A setting that is on or off. */

import { type About, Setting } from './Setting.tsx';

interface Props extends About {
  on: boolean;
  /** Null: back to the file's value. */
  change: (on: boolean | null) => Promise<boolean>;
}

export function SwitchField({ on, change, ...about }: Props) {
  return (
    <Setting {...about} reset={() => void change(null)}>
      {(id, described) => (
        <input
          id={id}
          type="checkbox"
          role="switch"
          checked={on}
          aria-checked={on}
          aria-describedby={described}
          onChange={(event) => void change(event.target.checked)}
        />
      )}
    </Setting>
  );
}
