/** What stands around each setting: its name, what a change does, the way back to the file's value, and what is wrong. */

import { type ReactNode, useId } from 'react';
import type { Fault, Key } from '../api/types.ts';
import { Button } from '../parts/Parts.tsx';
import { useTexts } from '../texts/index.tsx';
import { Faults } from './Faults.tsx';

/** What is known of a setting, whatever its kind. */
export interface About {
  /** For its texts. */
  name: string;
  about: Key;
  /** Changed here, and not as the file has it. */
  changed: boolean;
  /** It acts after a restart only, and hasn't yet. */
  pending: boolean;
  faults: Fault[];
}

interface Props extends About {
  reset: () => void;
  /** The control, with its id and the id of what describes it. */
  children: (id: string, described: string) => ReactNode;
}

export function Setting({ name, about, changed, pending, faults, reset, children }: Props) {
  const { texts } = useTexts();
  const id = useId();
  const title = texts.fields.names[name] ?? name;
  return (
    <div className="setting">
      <div className="setting-label">
        <label htmlFor={id}>{title}</label>
        <span className={`effect ${about.effect}`}>
          {pending ? texts.fields.effects.restart : texts.fields.effects[about.effect]}
        </span>
      </div>
      <div className="setting-input">
        {children(id, `${id}-about`)}
        <Button
          look="quiet"
          className={changed ? '' : 'absent'}
          disabled={!changed}
          aria-label={texts.fields.resetNamed(title)}
          title={texts.fields.reset}
          onClick={reset}
        >
          ↺
        </Button>
      </div>
      <p id={`${id}-about`} className="muted hint">
        {texts.fields.hints[name] ?? about.about}
      </p>
      <Faults list={faults} />
    </div>
  );
}
