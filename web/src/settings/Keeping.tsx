/** How much and how long is kept, of events or as a time-lapse; for administrators. */

import { useState } from 'react';
import { useSession } from '../access/session.tsx';
import { Problem } from '../parts/Parts.tsx';
import { useTexts } from '../texts/index.tsx';
import { Field } from './Field.tsx';
import { faultsOf, useSettings } from './useSettings.ts';

/** What people choose; the rest is in the configuration file. */
const KEPT = {
  events: ['before_seconds', 'after_seconds', 'days', 'max_mib', 'reserve_mib'],
  snapshots: ['every_seconds', 'days', 'max_mib'],
};

export function Keeping({ table }: { table: keyof typeof KEPT }) {
  const { texts } = useTexts();
  const { may } = useSession();
  const [open, setOpen] = useState(false);
  if (!may('admin')) return null;
  return (
    <details className="card keeping" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{texts.keeping[table]}</summary>
      {open && <Fields table={table} />}
    </details>
  );
}

function Fields({ table }: { table: keyof typeof KEPT }) {
  const { settings, loadError, error, faults, change, forget } = useSettings();
  if (settings === null) return <Problem error={loadError} />;
  return (
    <>
      <Problem error={error} dismiss={forget} />
      {KEPT[table].map((key) => {
        const about = settings.keys[table].find((about) => about.key === key);
        const value = settings.settings[table][key];
        if (about === undefined || typeof value !== 'number') return null;
        const full = `${table}.${key}`;
        return (
          <Field
            key={full}
            name={full}
            about={about}
            value={value}
            changed={settings.changed[table]?.[key] !== undefined}
            pending={settings.pending.includes(full)}
            faults={faultsOf(faults, full)}
            change={(value) => change({ [table]: { [key]: value } })}
          />
        );
      })}
    </>
  );
}
