/** How much room the events take, and what hinders keeping them. */

import type { EventStorage } from '../api/types.ts';
import { useTexts } from '../texts/index.tsx';
import { dayOf } from './day.ts';

export function StorageLine({ storage, now }: { storage: EventStorage | null; now: number }) {
  const { texts, format } = useTexts();
  const t = texts.events;
  if (storage === null) return null;
  const { bytes, max_bytes, free_bytes, problem, enabled } = storage;
  const written = storage.written.find(({ day }) => day === dayOf(now))?.bytes ?? 0;
  return (
    <>
      {problem !== null && (
        <div className="problem" role="alert">
          <span>
            {t.problem}: <span lang="en">{problem}</span>
          </span>
        </div>
      )}
      {!enabled && <p className="note">{t.off}</p>}
      <p className="muted hint">
        {[
          t.storage(format.bytes(bytes), format.bytes(max_bytes)),
          free_bytes === null ? null : t.free(format.bytes(free_bytes)),
          t.written(format.bytes(written)),
        ]
          .filter((text) => text !== null)
          .join(' · ')}
      </p>
    </>
  );
}
