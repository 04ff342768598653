/** What is shown until somebody has logged in. It tells nothing of the cameras. */

import { type FormEvent, useEffect, useId, useRef, useState } from 'react';
import { post, Refusal } from '../api/client.ts';
import type { Session } from '../api/types.ts';
import { useCommand } from '../parts/hooks.ts';
import { Button } from '../parts/Parts.tsx';
import { useTexts } from '../texts/index.tsx';
import { AccessProblem, useWait } from './AccessProblem.tsx';
import { isLoopback } from './loopback.ts';
import { PasswordField } from './PasswordField.tsx';
import { useSession } from './session.tsx';

export function Login({ session }: { session: Session }) {
  const { texts } = useTexts();
  const { end } = useSession();
  const t = texts.login;
  useEffect(() => {
    document.title = `${t.heading} · ${texts.title}`;
  }, [t, texts]);
  return (
    <div className="login card">
      <h1>{t.heading}</h1>
      {end === 'elsewhere' && (
        <p className="said" role="status">
          {t.ended}
        </p>
      )}
      {session.auth === 'locked' ? (
        <div className="problem" role="alert">
          <p>
            {t.locked} <code>edge-cctv passwd</code>
          </p>
        </div>
      ) : (
        <LoginForm />
      )}
      {!session.secure && !isLoopback(location.hostname) && <p className="said warn">{t.insecure}</p>}
    </div>
  );
}

/** Everything is in the form from the start and it is submitted like any other: password managers see a login. */
function LoginForm() {
  const { texts } = useTexts();
  const { take } = useSession();
  const { busy, error, run } = useCommand();
  const [shown, setShown] = useState(false);
  const wait = useWait(error);
  const password = useRef<HTMLInputElement>(null);
  const userId = useId();
  const t = texts.login;

  useEffect(() => password.current?.focus(), []);
  // What was wrong is typed over.
  useEffect(() => {
    if (error instanceof Refusal && error.status === 401) password.current?.select();
  }, [error]);

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (wait > 0) return;
    const fields = new FormData(event.currentTarget);
    setShown(false);
    void run(async () => {
      const body = { user: String(fields.get('username')).trim(), password: fields.get('password') };
      take(await post<Session>('api/login', body));
    });
  };

  return (
    <form className="form" method="post" onSubmit={submit}>
      <div className="labelled">
        <label htmlFor={userId}>{t.user}</label>
        <input
          id={userId}
          name="username"
          type="text"
          autoComplete="username"
          autoCapitalize="none"
          autoCorrect="off"
          spellCheck={false}
          defaultValue="admin"
          required
        />
      </div>
      <PasswordField
        label={t.password}
        name="password"
        autoComplete="current-password"
        shown={shown}
        show={setShown}
        input={password}
      />
      <AccessProblem error={error} wrong={t.wrong} wait={wait} />
      <Button type="submit" look="primary" busy={busy} disabled={wait > 0}>
        {wait > 0 ? t.wait(String(wait)) : t.submit}
      </Button>
    </form>
  );
}
