/** A link by which somebody sees one snapshot without logging in, for as long as its maker wants. */

import { useState } from 'react';
import { address, post } from '../api/client.ts';
import { Copy } from '../parts/Copy.tsx';
import { useCommand } from '../parts/hooks.ts';
import { Button, Dialog, Problem, Select } from '../parts/Parts.tsx';
import { useTexts } from '../texts/index.tsx';

const SECONDS = { hour: 3600, day: 86_400, week: 604_800 } as const;
type Period = keyof typeof SECONDS;

interface Made {
  url: string;
  /** Unix seconds. */
  expires: number;
}

export function Link({ filename, close }: { filename: string; close: () => void }) {
  const { texts, format } = useTexts();
  const [period, setPeriod] = useState<Period>('day');
  const [made, setMade] = useState<Made | null>(null);
  const { busy, error, run } = useCommand();
  const t = texts.snapshots;
  const make = () =>
    run(async () => {
      const path = `api/snapshots/${encodeURIComponent(filename)}/link`;
      setMade(await post<Made>(address(path, { seconds: SECONDS[period] })));
    });
  return (
    <Dialog heading={t.linkHeading} close={close}>
      <p className="muted">{t.linkText}</p>
      <div className="row wrap">
        <Select
          label={t.linkPeriod}
          value={period}
          options={(Object.keys(SECONDS) as Period[]).map((name) => [name, t.linkPeriods[name]] as const)}
          change={(period) => {
            setPeriod(period);
            setMade(null);
          }}
        />
        {made === null && (
          <Button look="primary" busy={busy} onClick={make}>
            {t.linkMake}
          </Button>
        )}
      </div>
      <Problem error={error} />
      {made !== null && (
        <>
          <Copy label={t.link} text={absolute(made.url)} />
          <p className="muted hint">{t.linkUntil(format.date(1000 * made.expires))}</p>
        </>
      )}
      <div className="row end">
        <Button onClick={close}>{t.close}</Button>
      </div>
    </Dialog>
  );
}

/** The whole address of a path of the server's, which may be in a folder behind a proxy. */
const absolute = (path: string) => new URL(path.replace(/^\//, ''), document.baseURI).href;
