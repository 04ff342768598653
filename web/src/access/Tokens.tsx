/** Tokens, by which programs come in without a password: made, shown once, revoked. */

import { type FormEvent, useId, useState } from 'react';
import { call, post } from '../api/client.ts';
import type { Scope, Token } from '../api/types.ts';
import { Copy } from '../parts/Copy.tsx';
import { useCommand } from '../parts/hooks.ts';
import { Button, Card, Confirm, Dialog, Problem } from '../parts/Parts.tsx';
import { useTexts } from '../texts/index.tsx';

const SCOPES: Scope[] = ['view', 'control', 'admin'];
/** What the server takes as a name. */
const NAME = '[A-Za-z0-9_\\-]{1,32}';

interface Made extends Token {
  token: string;
}

interface Props {
  tokens: Token[];
  again: () => Promise<unknown>;
}

export function Tokens({ tokens, again }: Props) {
  const { texts, format } = useTexts();
  const [doomed, setDoomed] = useState<string | null>(null);
  const command = useCommand();
  const t = texts.access;
  const revoke = async () => {
    if (doomed === null) return;
    if (await command.run(() => call('DELETE', `api/tokens/${encodeURIComponent(doomed)}`))) setDoomed(null);
    await again();
  };
  return (
    <Card heading={t.tokens}>
      <p className="muted">{t.tokensText}</p>
      {tokens.length === 0 && <p>{t.noTokens}</p>}
      <ul className="entries">
        {tokens.map(({ name, scope, created, used }) => (
          <li key={name} className="row between">
            <div>
              <p>
                {name} <span className="tag">{t.scopes[scope]}</span>
              </p>
              <p className="muted hint">
                {t.made(format.date(1000 * created))} ·{' '}
                {used === null ? t.neverUsed : t.used(format.date(1000 * used))}
              </p>
            </div>
            <Button aria-label={t.revokeNamed(name)} onClick={() => setDoomed(name)}>
              {t.revoke}
            </Button>
          </li>
        ))}
      </ul>
      <Making again={again} />
      {doomed !== null && (
        <Confirm
          question={t.revokeQuestion(doomed)}
          text={t.revokeText}
          yes={t.revoke}
          busy={command.busy}
          error={command.error}
          confirm={revoke}
          close={() => {
            command.dismiss();
            setDoomed(null);
          }}
        />
      )}
    </Card>
  );
}

function Making({ again }: { again: () => Promise<unknown> }) {
  const { texts } = useTexts();
  const { busy, error, run, dismiss } = useCommand();
  const [scope, setScope] = useState<Scope>('view');
  const [made, setMade] = useState<Made | null>(null);
  const id = useId();
  const t = texts.access;

  const make = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const name = new FormData(form).get('token-name');
    const done = await run(async () => setMade(await post<Made>('api/tokens', { name, scope })));
    if (done) form.reset();
    await again();
  };

  return (
    <>
      <form className="form" method="post" onSubmit={make}>
        <h3>{t.newToken}</h3>
        <div className="labelled">
          <label htmlFor={id}>{t.tokenName}</label>
          <input
            id={id}
            name="token-name"
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            placeholder="home-assistant"
            pattern={NAME}
            title={t.tokenNameHint}
            aria-describedby={`${id}-hint`}
            maxLength={32}
            required
          />
          <span id={`${id}-hint`} className="muted hint">
            {t.tokenNameHint}
          </span>
        </div>
        <fieldset className="options">
          <legend className="unseen">{t.scope}</legend>
          {SCOPES.map((each) => (
            <label key={each}>
              <input
                type="radio"
                name="token-scope"
                value={each}
                checked={each === scope}
                onChange={() => setScope(each)}
              />
              <span>
                {t.scopes[each]}
                <span className="muted hint">{t.scopeTexts[each]}</span>
              </span>
            </label>
          ))}
        </fieldset>
        <Problem error={error} dismiss={dismiss} />
        <div className="row">
          <Button type="submit" look="primary" busy={busy}>
            {t.make}
          </Button>
        </div>
      </form>
      {made !== null && (
        <Dialog heading={t.tokenMade(made.name)} close={() => setMade(null)}>
          <p className="said warn">{t.tokenOnce}</p>
          <Copy label={t.token} text={made.token} />
          <p className="muted hint">
            {t.tokenUse} <code>Authorization: Bearer …</code>
          </p>
          <div className="row end">
            <Button onClick={() => setMade(null)}>{texts.snapshots.close}</Button>
          </div>
        </Dialog>
      )}
    </>
  );
}
