/** Whether, how much and how long is kept, of events or as a time-lapse; for administrators. */

import { useState } from 'react';
import { useSession } from '../access/session.tsx';
import { Problem } from '../parts/Parts.tsx';
import { useTexts } from '../texts/index.tsx';
import { Adjust } from './Adjust.tsx';
import { type Patch, useSettings } from './useSettings.ts';

/** What people choose; the rest is in the configuration file. */
const KEPT = {
  events: ['enabled', 'before_seconds', 'after_seconds', 'days', 'max_mib', 'reserve_mib'],
  snapshots: ['every_seconds', 'days', 'max_mib'],
};

interface Props {
  table: keyof typeof KEPT;
  /** Something was changed. */
  changed?: () => void;
}

export function Keeping(props: Props) {
  const { texts } = useTexts();
  const { may } = useSession();
  const [open, setOpen] = useState(false);
  if (!may('admin')) return null;
  return (
    <details className="card keeping" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{texts.keeping[props.table]}</summary>
      {open && <Fields {...props} />}
    </details>
  );
}

function Fields({ table, changed }: Props) {
  const { settings, loadError, error, faults, change, forget } = useSettings();
  if (settings === null) return <Problem error={loadError} />;
  const changeAndTell = async (patch: Patch) => {
    const done = await change(patch);
    if (done) changed?.();
    return done;
  };
  return (
    <>
      <Problem error={error} dismiss={forget} />
      {KEPT[table].map((key) => (
        <Adjust
          key={key}
          place={{ table, key, name: `${table}.${key}` }}
          {...{ settings, faults }}
          change={changeAndTell}
        />
      ))}
    </>
  );
}
