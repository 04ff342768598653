/** Setting, changing and removing the passwords of the two users. */

import { type FormEvent, type ReactNode, useState } from 'react';
import { post } from '../api/client.ts';
import type { Session, User } from '../api/types.ts';
import { useCommand } from '../parts/hooks.ts';
import { Button, Card, Dialog } from '../parts/Parts.tsx';
import { useTexts } from '../texts/index.tsx';
import { AccessProblem, useWait } from './AccessProblem.tsx';
import { NewPassword, PasswordField, WhosePassword } from './PasswordField.tsx';
import { isAllowed } from './password.ts';
import { useSession } from './session.tsx';

type Again = () => Promise<unknown>;

interface Change {
  user: User;
  /** The password of whoever asks; null where there is none yet. */
  current: FormDataEntryValue | null;
  /** Null: nobody can log in as this user any more. */
  new: string | null;
}

/** Changes a password, and goes on with what the server then says of this session. */
function useChange() {
  const { take } = useSession();
  const command = useCommand();
  const wait = useWait(command.error);
  const change = (body: Change) => command.run(async () => take(await post<Session>('api/password', body)));
  return { change, wait, ...command };
}

/** On a checkout that nobody but its own machine reaches. */
export function FirstPassword() {
  const { texts } = useTexts();
  return <Form user="admin" confirmed={false} submit={texts.access.setFirst} />;
}

export function OwnPassword({ changed, again }: { changed: number | null; again: Again }) {
  const { texts } = useTexts();
  const t = texts.access;
  return (
    <Card heading={t.own}>
      <Changed at={changed} />
      <Form user="admin" confirmed submit={t.change} done={t.changedOwn} again={again} />
    </Card>
  );
}

export function ViewersPassword({
  set,
  changed,
  again,
}: {
  set: boolean;
  changed: number | null;
  again: Again;
}) {
  const { texts } = useTexts();
  const [asked, setAsked] = useState(false);
  const t = texts.access;
  return (
    <Card heading={t.viewers}>
      <p className="muted">{t.viewersText}</p>
      {set ? <Changed at={changed} /> : <p>{t.viewerUnset}</p>}
      <Form user="viewer" confirmed submit={set ? t.change : t.set} done={t.changedViewers} again={again}>
        {set && (
          <Button look="danger" onClick={() => setAsked(true)}>
            {t.remove}
          </Button>
        )}
      </Form>
      {asked && <Removal close={() => setAsked(false)} again={again} />}
    </Card>
  );
}

function Changed({ at }: { at: number | null }) {
  const { texts, format } = useTexts();
  if (at === null) return null;
  return <p className="muted">{texts.access.changed(format.date(1000 * at))}</p>;
}

interface FormProps {
  user: User;
  /** The password of whoever changes it is asked for, too. */
  confirmed: boolean;
  submit: string;
  /** What is said once it is done. */
  done?: string;
  again?: Again;
  children?: ReactNode;
}

function Form({ user, confirmed, submit, done, again, children }: FormProps) {
  const { texts } = useTexts();
  const { change, wait, busy, error } = useChange();
  const [password, setPassword] = useState('');
  const [shown, setShown] = useState({ own: false, new: false });
  const [isDone, setDone] = useState(false);
  const t = texts.access;

  const send = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    if (wait > 0 || !isAllowed(password)) return;
    setShown({ own: false, new: false });
    setDone(false);
    const current = confirmed ? new FormData(form).get('current-password') : null;
    if (!(await change({ user, current, new: password }))) return;
    form.reset();
    setPassword('');
    setDone(true);
    await again?.();
  };

  return (
    <form className="form" method="post" onSubmit={send}>
      <WhosePassword user={user} />
      {confirmed && (
        <PasswordField
          label={user === 'admin' ? t.current : t.yours}
          name="current-password"
          autoComplete="current-password"
          shown={shown.own}
          show={(own) => setShown({ ...shown, own })}
        />
      )}
      <NewPassword
        label={user === 'admin' ? t.new : t.newViewers}
        value={password}
        change={(password) => {
          setDone(false);
          setPassword(password);
        }}
        shown={shown.new}
        show={(isShown) => setShown((shown) => ({ ...shown, new: isShown }))}
      />
      <AccessProblem error={error} wrong={t.wrongCurrent} wait={wait} />
      <div className="row wrap">
        <Button type="submit" look="primary" busy={busy} disabled={wait > 0 || !isAllowed(password)}>
          {wait > 0 ? texts.login.wait(String(wait)) : submit}
        </Button>
        {children}
      </div>
      <p className="note good" role="status">
        {isDone ? done : ''}
      </p>
    </form>
  );
}

/** Asks for the administrator's own password: without it nobody's access is taken away. */
function Removal({ close, again }: { close: () => void; again: Again }) {
  const { texts } = useTexts();
  const { change, wait, busy, error } = useChange();
  const [shown, setShown] = useState(false);
  const t = texts.access;
  const send = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (wait > 0) return;
    const current = new FormData(event.currentTarget).get('current-password');
    setShown(false);
    if (!(await change({ user: 'viewer', current, new: null }))) return;
    await again();
    close();
  };
  return (
    <Dialog heading={t.removeQuestion} close={close}>
      <p>{t.removeText}</p>
      <form className="form" method="post" onSubmit={send}>
        <WhosePassword user="admin" />
        <PasswordField
          label={t.yours}
          name="current-password"
          autoComplete="current-password"
          shown={shown}
          show={setShown}
        />
        <AccessProblem error={error} wrong={t.wrongCurrent} wait={wait} />
        <div className="row end">
          <Button onClick={close}>{texts.dialog.cancel}</Button>
          <Button type="submit" look="danger" busy={busy} disabled={wait > 0}>
            {wait > 0 ? texts.login.wait(String(wait)) : t.remove}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
