/** Pictures that were kept, on request or as a time-lapse: to be looked at, taken home, deleted. */

import { useCallback, useState } from 'react';
import { useSession } from '../access/session.tsx';
import { address as addressOf, call, get } from '../api/client.ts';
import type { Snapshot } from '../api/types.ts';
import { useCameras } from '../cameras.tsx';
import { useCommand, usePolled } from '../parts/hooks.ts';
import { Button, Card, Confirm, Dialog, Loading, Page, Problem, Select } from '../parts/Parts.tsx';
import { Keeping } from '../settings/Keeping.tsx';
import { useTexts } from '../texts/index.tsx';
import { Link } from './Link.tsx';

const PERIOD_MS = 10_000;
/** Whole pictures are loaded, for there are no smaller ones. */
const AT_ONCE = 24;

const KINDS = ['asked', 'timelapse'] as const;
type Kind = (typeof KINDS)[number];

const address = (filename: string) => `api/snapshots/${encodeURIComponent(filename)}`;

export function Snapshots() {
  const { texts, format } = useTexts();
  const { camera } = useCameras();
  const [kind, setKind] = useState<Kind>('asked');
  const name = camera?.name ?? null;
  const ask = useCallback(() => {
    const query = kind === 'timelapse' ? { timelapse: 1, camera: name } : {};
    return get<{ total: number; snapshots: Snapshot[] }>(addressOf('api/snapshots', query));
  }, [kind, name]);
  const { answer, error, again } = usePolled(ask, PERIOD_MS);
  const [many, setMany] = useState(AT_ONCE);
  const [viewed, setViewed] = useState<string | null>(null);
  const [doomed, setDoomed] = useState<string | null>(null);
  const [linked, setLinked] = useState<string | null>(null);
  const { may } = useSession();
  const command = useCommand();
  const t = texts.snapshots;
  const list = answer?.snapshots ?? [];
  const place = list.findIndex(({ filename }) => filename === viewed);

  const remove = async () => {
    if (doomed === null) return;
    // Whoever was looking at it goes on with the next one.
    const next = list[place + 1] ?? list[place - 1];
    if (await command.run(() => call('DELETE', address(doomed)))) {
      setDoomed(null);
      if (viewed === doomed) setViewed(next?.filename ?? null);
    }
    await again();
  };

  return (
    <Page heading={t.heading}>
      <Select
        label={t.kind}
        value={kind}
        options={KINDS.map((kind) => [kind, t.kinds[kind]] as const)}
        change={(kind) => {
          setKind(kind);
          setMany(AT_ONCE);
        }}
      />
      {kind === 'timelapse' && <Keeping table="snapshots" />}
      <Problem error={error} />
      {answer === null && error === null && <Loading />}
      {answer !== null && list.length === 0 && (
        <Card>
          <p className="muted">
            {kind === 'timelapse' ? t.noTimelapse : t.none} {kind === 'asked' && may('control') && t.noneHint}
          </p>
        </Card>
      )}
      {list.length > 0 && <p className="muted">{t.count(Math.min(many, list.length), answer?.total ?? 0)}</p>}
      <ul className="gallery">
        {list.slice(0, many).map(({ filename, bytes, time }) => (
          <li key={filename}>
            <button
              type="button"
              aria-label={t.view(format.date(time * 1000))}
              onClick={() => setViewed(filename)}
            >
              <img src={address(filename)} alt="" loading="lazy" />
            </button>
            <div className="row between">
              <span>
                {format.date(time * 1000)} <span className="muted">{format.bytes(bytes)}</span>
              </span>
              <a className="button quiet" href={address(filename)} download={filename}>
                {t.download}
              </a>
              {may('admin') && (
                <Button look="quiet" onClick={() => setDoomed(filename)}>
                  {t.remove}
                </Button>
              )}
            </div>
          </li>
        ))}
      </ul>
      {list.length > many && <Button onClick={() => setMany(many + AT_ONCE)}>{t.more}</Button>}
      {viewed !== null && place >= 0 && (
        <Dialog heading={format.date((list[place]?.time ?? 0) * 1000)} close={() => setViewed(null)} wide>
          <img className="viewed" src={address(viewed)} alt={viewed} />
          <div className="row wrap between">
            <Button disabled={place === 0} onClick={() => setViewed(list[place - 1]?.filename ?? viewed)}>
              {t.previous}
            </Button>
            <Button
              disabled={place === list.length - 1}
              onClick={() => setViewed(list[place + 1]?.filename ?? viewed)}
            >
              {t.next}
            </Button>
            <a className="button" href={address(viewed)} download={viewed}>
              {t.download}
            </a>
            <Button onClick={() => setLinked(viewed)}>{t.linkCopy}</Button>
            {may('admin') && (
              <Button look="danger" onClick={() => setDoomed(viewed)}>
                {t.remove}
              </Button>
            )}
            <Button look="primary" onClick={() => setViewed(null)}>
              {t.close}
            </Button>
          </div>
        </Dialog>
      )}
      {linked !== null && <Link filename={linked} close={() => setLinked(null)} />}
      {doomed !== null && (
        <Confirm
          question={t.removeQuestion}
          text={t.removeText}
          yes={t.remove}
          busy={command.busy}
          error={command.error}
          confirm={remove}
          close={() => {
            command.dismiss();
            setDoomed(null);
          }}
        />
      )}
    </Page>
  );
}
