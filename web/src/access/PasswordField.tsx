/** Fields for passwords, as password managers understand them. */

import { type RefObject, useId } from 'react';
import { Icon } from '../parts/Icon.tsx';
import { Button } from '../parts/Parts.tsx';
import { useTexts } from '../texts/index.tsx';
import { characters, FEWEST, MOST, propose, strength } from './password.ts';

interface FieldProps {
  label: string;
  name: string;
  autoComplete: 'current-password' | 'new-password';
  shown: boolean;
  show: (shown: boolean) => void;
  input?: RefObject<HTMLInputElement>;
  /** Only for what must be followed while it is typed: browsers fill in fields without saying so. */
  value?: string;
  change?: (value: string) => void;
  describedBy?: string;
}

export function PasswordField({
  label,
  name,
  autoComplete,
  shown,
  show,
  input,
  value,
  change,
  describedBy,
}: FieldProps) {
  const { texts } = useTexts();
  const id = useId();
  return (
    <div className="labelled">
      <label htmlFor={id}>{label}</label>
      <span className="password">
        <input
          id={id}
          ref={input}
          name={name}
          type={shown ? 'text' : 'password'}
          autoComplete={autoComplete}
          autoCapitalize="none"
          autoCorrect="off"
          spellCheck={false}
          required
          aria-describedby={describedBy}
          {...(value === undefined ? {} : { value })}
          onChange={(event) => change?.(event.target.value)}
        />
        <button
          type="button"
          aria-label={`${texts.login.show}: ${label}`}
          title={texts.login.show}
          aria-pressed={shown}
          onClick={() => show(!shown)}
        >
          <Icon name={shown ? 'hidden' : 'shown'} />
        </button>
      </span>
    </div>
  );
}

interface NewProps {
  label: string;
  value: string;
  change: (value: string) => void;
  shown: boolean;
  show: (shown: boolean) => void;
}

/** A new password with how strong it is, and a good one for whoever wants none of their own. */
export function NewPassword({ label, value, change, shown, show }: NewProps) {
  const { texts } = useTexts();
  const id = useId();
  const t = texts.access;
  const length = characters(value);
  const found = strength(value);
  const words =
    found === 'short'
      ? t.missing(FEWEST - length, FEWEST)
      : found === 'long'
        ? t.tooLong(MOST)
        : t.strengths[found];
  return (
    <>
      <PasswordField
        label={label}
        name="new-password"
        autoComplete="new-password"
        shown={shown}
        show={show}
        value={value}
        change={change}
        describedBy={id}
      />
      <div className="row wrap between">
        <p id={id} className={`strength ${found}`}>
          <meter
            aria-label={t.strength}
            min={0}
            max={20}
            value={found === 'long' ? 0 : Math.min(20, length)}
          />
          {words}
        </p>
        <Button
          onClick={() => {
            change(propose());
            show(true);
          }}
        >
          {t.propose}
        </Button>
      </div>
    </>
  );
}

/** Tells a password manager whose password it is; people read it elsewhere. */
export function WhosePassword({ user }: { user: string }) {
  return <input type="text" name="username" autoComplete="username" value={user} readOnly hidden />;
}
