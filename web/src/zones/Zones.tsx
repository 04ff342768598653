/** Zones over the live picture: drawn, named, moved, deleted, and saved together. */

import { useCallback, useEffect, useReducer, useRef, useState } from 'react';
import { useStatus } from '../api/status.tsx';
import type { Fault, Zone, ZoneKind } from '../api/types.ts';
import { useCameras } from '../cameras.tsx';
import { Screen } from '../live/Screen.tsx';
import { situation } from '../live/situation.ts';
import { Button, Card, Loading, Page, Problem, Select, Toggle } from '../parts/Parts.tsx';
import { Faults } from '../settings/Faults.tsx';
import { faultsOf, useSettings } from '../settings/useSettings.ts';
import { useTexts } from '../texts/index.tsx';
import { type Action, type Draft, EMPTY, freeName, reduce } from './draft.ts';
import { Mask } from './Mask.tsx';
import { Surface } from './Surface.tsx';

const KINDS: ZoneKind[] = ['alert', 'ignore', 'privacy'];
/** Boxes would be in the way, and nothing is drawn into what is drawn on. */
const PLAIN = { overlay: false, fps: null, quality: null };

/** What was drawn and not saved, by camera: another page in between must not lose it. */
const drafts = new Map<string, Draft>();

export function Zones() {
  const { camera } = useCameras();
  const settings = useSettings();
  const name = camera?.name;
  const stored = name === undefined ? undefined : settings.settings?.settings.camera[name]?.zone;
  if (name === undefined || stored === undefined) {
    return settings.loadError !== null ? <Problem error={settings.loadError} /> : <Loading />;
  }
  return <Editor name={name} stored={stored} {...settings} />;
}

interface EditorProps
  extends Pick<ReturnType<typeof useSettings>, 'busy' | 'error' | 'faults' | 'change' | 'forget'> {
  /** The camera's. */
  name: string;
  /** The zones as the server has them. */
  stored: Zone[];
}

function Editor({ name, stored, busy, error, faults, change, forget }: EditorProps) {
  const { texts, format } = useTexts();
  const { status, starting } = useStatus();
  const { camera, index } = useCameras();
  const [draft, dispatch] = useReducer(reduce, drafts.get(name) ?? { ...EMPTY, zones: stored });
  const [masked, setMasked] = useState(false);
  const [saved, setSaved] = useState(false);

  const known = useRef(stored);
  useEffect(() => {
    if (known.current === stored) return;
    known.current = stored;
    dispatch({ do: 'load', zones: stored });
  }, [stored]);
  useEffect(() => {
    if (draft.changed) drafts.set(name, draft);
    else drafts.delete(name);
  }, [name, draft]);
  useEffect(() => {
    // Closing the window would lose them; the browser asks.
    if (!draft.changed) return undefined;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener('beforeunload', ask);
    return () => removeEventListener('beforeunload', ask);
  }, [draft.changed]);

  const act = useCallback(
    (action: Action) => {
      setSaved(false);
      forget();
      dispatch(action);
    },
    [forget],
  );
  const finish = () => act({ do: 'finish', name: freeName(draft.zones, texts.zones.newName) });
  const save = async () => {
    setSaved(await change({ camera: { [name]: { zone: draft.zones } } }));
  };

  const { drawing } = draft;
  return (
    <Page heading={texts.zones.heading} intro={texts.zones.intro}>
      <div className="split">
        <div>
          <Screen view={PLAIN} cover={situation(status, starting, camera?.source, { texts, format }).title}>
            {masked && <Mask />}
            <Surface draft={draft} act={act} finish={finish} />
          </Screen>
          <p className="muted hint">{drawing === null ? texts.zones.editing : texts.zones.drawing}</p>
        </div>
        <Card>
          <div className="row wrap">
            {drawing === null ? (
              KINDS.map((kind) => (
                <Button key={kind} onClick={() => act({ do: 'begin', kind })}>
                  <span className={`swatch ${kind}`} aria-hidden="true" />
                  {texts.zones.add(texts.zones.kinds[kind])}
                </Button>
              ))
            ) : (
              <>
                <Button look="primary" disabled={drawing.points.length < 3} onClick={finish}>
                  {texts.zones.finish}
                </Button>
                <Button onClick={() => act({ do: 'cancel' })}>{texts.zones.cancel}</Button>
              </>
            )}
          </div>
          {draft.zones.length === 0 && <p className="muted">{texts.zones.none}</p>}
          <ul className="zone-list">
            {draft.zones.map((zone, place) => (
              <Row
                // biome-ignore lint/suspicious/noArrayIndexKey: zones have no other identity while they are renamed
                key={place}
                zone={zone}
                place={place}
                selected={place === draft.selected}
                faults={faultsOf(faults, `camera[${index}].zone[${place}]`)}
                act={act}
              />
            ))}
          </ul>
          <Faults list={faults.filter(({ keys }) => !keys.some((key) => /\.zone\[\d+\]/.test(key)))} />
          <Problem error={error} dismiss={forget} />
          <div className="row">
            <Button look="primary" busy={busy} disabled={!draft.changed || drawing !== null} onClick={save}>
              {texts.zones.save}
            </Button>
            <Button disabled={!draft.changed || busy} onClick={() => act({ do: 'load', zones: stored })}>
              {texts.zones.discard}
            </Button>
          </div>
          <p className={saved ? 'note good' : 'note'} role="status">
            {saved ? texts.zones.saved : draft.changed ? texts.zones.unsaved : ''}
          </p>
          <Toggle label={texts.zones.showMask} on={masked} change={setMasked} />
          <p className="muted hint">{masked ? texts.zones.maskLegend : ''}</p>
        </Card>
      </div>
    </Page>
  );
}

interface RowProps {
  zone: Zone;
  place: number;
  selected: boolean;
  faults: Fault[];
  act: (action: Action) => void;
}

function Row({ zone, place, selected, faults, act }: RowProps) {
  const { texts } = useTexts();
  return (
    <li className={selected ? 'selected' : ''} onFocus={() => selected || act({ do: 'select', zone: place })}>
      <span className={`swatch ${zone.kind}`} aria-hidden="true" />
      <label className="field">
        <span className="muted">{texts.zones.name}</span>
        <input
          value={zone.name}
          maxLength={100}
          aria-invalid={faults.length > 0}
          onChange={(event) => act({ do: 'rename', zone: place, name: event.target.value })}
        />
      </label>
      <Select
        label={texts.zones.kind}
        value={zone.kind}
        options={KINDS.map((kind) => [kind, texts.zones.kinds[kind]] as const)}
        change={(kind) => act({ do: 'kind', zone: place, kind })}
      />
      <Button
        aria-label={texts.zones.removeNamed(zone.name)}
        onClick={() => act({ do: 'remove', zone: place })}
      >
        {texts.zones.remove}
      </Button>
      <p className="muted hint">{texts.zones.kindHints[zone.kind]}</p>
      <Faults list={faults} />
    </li>
  );
}
