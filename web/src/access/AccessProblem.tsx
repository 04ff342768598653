/** Why a login or a change of a password failed, in words, and how long to wait after too many of them. */

import { useEffect, useState } from 'react';
import { Refusal } from '../api/client.ts';
import { inWords } from '../parts/hooks.ts';
import { useTexts } from '../texts/index.tsx';

interface Props {
  error: unknown;
  /** What it means that the password wasn't accepted. */
  wrong: string;
  /** What `useWait` says of the error. */
  wait: number;
}

export function AccessProblem({ error, wrong, wait }: Props) {
  const { texts, format } = useTexts();
  if (error === null) return null;
  const refused = error instanceof Refusal ? error : null;
  const isOver = refused?.status === 429 && refused.wait !== null && wait === 0;
  if (isOver) return null;
  const words =
    refused?.status === 401
      ? wrong
      : refused?.status === 429
        ? texts.login.tooMany(refused.wait === null ? null : format.duration(refused.wait))
        : inWords(error, texts);
  return (
    <div className="problem" role="alert">
      {words}
    </div>
  );
}

/** The seconds that are left of the wait that the server asked for, counting down to 0. */
export function useWait(error: unknown): number {
  const [left, setLeft] = useState(0);
  useEffect(() => {
    const wait = error instanceof Refusal && error.status === 429 ? (error.wait ?? 0) : 0;
    setLeft(wait);
    if (wait === 0) return undefined;
    const end = Date.now() + 1000 * wait;
    const timer = setInterval(() => {
      const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
      setLeft(left);
      if (left === 0) clearInterval(timer);
    }, 250);
    return () => clearInterval(timer);
  }, [error]);
  return left;
}
