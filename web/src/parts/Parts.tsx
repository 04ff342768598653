/** Small pieces that every page is made of. */

import { type ButtonHTMLAttributes, type ReactNode, useEffect, useId, useRef } from 'react';
import { useTexts } from '../texts/index.tsx';
import { inWords } from './hooks.ts';

type Look = 'plain' | 'primary' | 'danger' | 'quiet';

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look;
  /** A turning ring, and the button can't be pressed. */
  busy?: boolean;
}

export function Button({
  look = 'plain',
  busy = false,
  disabled,
  children,
  className = '',
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      className={`button ${look} ${className}`}
      disabled={disabled === true || busy}
      aria-busy={busy}
      {...rest}
    >
      {busy && <Spinner />}
      {children}
    </button>
  );
}

export function Spinner() {
  return <span className="spinner" aria-hidden="true" />;
}

/** A page's content under its heading. */
export function Page({ heading, intro, children }: { heading: string; intro?: string; children: ReactNode }) {
  return (
    <div className="page">
      <header className="page-head">
        <h1>{heading}</h1>
        {intro !== undefined && <p className="muted">{intro}</p>}
      </header>
      {children}
    </div>
  );
}

export function Card({
  heading,
  children,
  className = '',
}: {
  heading?: string;
  children: ReactNode;
  className?: string;
}) {
  const id = useId();
  return (
    <section className={`card ${className}`} aria-labelledby={heading === undefined ? undefined : id}>
      {heading !== undefined && <h2 id={id}>{heading}</h2>}
      {children}
    </section>
  );
}

/** What went wrong, if anything did. */
export function Problem({ error, dismiss }: { error: unknown; dismiss?: () => void }) {
  const { texts } = useTexts();
  if (error === null || error === undefined) return null;
  return (
    <div className="problem" role="alert">
      <span>{inWords(error, texts)}</span>
      {dismiss !== undefined && (
        <Button look="quiet" onClick={dismiss}>
          {texts.problems.dismiss}
        </Button>
      )}
    </div>
  );
}

export function Loading() {
  const { texts } = useTexts();
  return (
    <p className="muted loading">
      <Spinner /> {texts.problems.loading}
    </p>
  );
}

/** Names and values, one line each. */
export function Facts({ rows }: { rows: [name: string, value: ReactNode][] }) {
  return (
    <dl className="facts">
      {rows
        .filter(([, value]) => value !== null && value !== undefined && value !== false)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

interface DialogProps {
  heading: string;
  close: () => void;
  children: ReactNode;
  wide?: boolean;
}

/** A window before the page, with the browser's own focus and Escape. */
export function Dialog({ heading, close, children, wide = false }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={ref}
      className={wide ? 'wide' : ''}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
    >
      <h2 id={id}>{heading}</h2>
      {children}
    </dialog>
  );
}

interface ConfirmProps {
  question: string;
  text: string;
  yes: string;
  busy: boolean;
  error: unknown;
  confirm: () => void;
  close: () => void;
}

/** Asks before something that can't be undone or that moves things. */
export function Confirm({ question, text, yes, busy, error, confirm, close }: ConfirmProps) {
  const { texts } = useTexts();
  return (
    <Dialog heading={question} close={close}>
      <p>{text}</p>
      <Problem error={error} />
      <div className="row end">
        <Button onClick={close}>{texts.dialog.cancel}</Button>
        <Button look="danger" busy={busy} onClick={confirm}>
          {yes}
        </Button>
      </div>
    </Dialog>
  );
}

export function Toggle({ label, on, change }: { label: string; on: boolean; change: (on: boolean) => void }) {
  return (
    <label className="toggle">
      <input
        type="checkbox"
        role="switch"
        checked={on}
        aria-checked={on}
        onChange={(event) => change(event.target.checked)}
      />
      <span>{label}</span>
    </label>
  );
}

interface SelectProps<T extends string> {
  label: string;
  value: T;
  options: (readonly [value: T, text: string])[];
  change: (value: T) => void;
  hideLabel?: boolean;
}

export function Select<T extends string>({
  label,
  value,
  options,
  change,
  hideLabel = false,
}: SelectProps<T>) {
  return (
    <label className="select">
      <span className={hideLabel ? 'unseen' : 'muted'}>{label}</span>
      <select value={value} onChange={(event) => change(event.target.value as T)}>
        {options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
