/** A text to take elsewhere. Browsers give no clipboard to pages without encryption, but let marked text be copied. */

import { useId, useRef, useState } from 'react';
import { useTexts } from '../texts/index.tsx';
import { Button } from './Parts.tsx';

export function Copy({ label, text }: { label: string; text: string }) {
  const { texts } = useTexts();
  const field = useRef<HTMLInputElement>(null);
  const [copied, setCopied] = useState<boolean | null>(null);
  const id = useId();
  const t = texts.copy;
  const copy = async () => {
    field.current?.select();
    setCopied(await toClipboard(text));
  };
  return (
    <div className="labelled">
      <label htmlFor={id}>{label}</label>
      <span className="row">
        <input
          id={id}
          ref={field}
          className="copied"
          value={text}
          readOnly
          onFocus={() => field.current?.select()}
        />
        <Button look="primary" onClick={copy}>
          {t.copy}
        </Button>
      </span>
      <p className={copied === true ? 'note good' : 'note'} role="status">
        {copied === null ? '' : copied ? t.copied : t.marked}
      </p>
    </div>
  );
}

/** Whether the text, which is marked, came into the clipboard. */
async function toClipboard(text: string): Promise<boolean> {
  // Not there without encryption, whatever the types say.
  const clipboard = navigator.clipboard as Clipboard | undefined;
  if (clipboard === undefined) return document.execCommand('copy');
  return clipboard.writeText(text).then(
    () => true,
    () => document.execCommand('copy'),
  );
}
