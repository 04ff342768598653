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
import { type Action, EMPTY, freeName, reduce } from './draft.ts';
import { areSame, keep, keptOf } from './drafts.ts';
import { Mask } from './Mask.tsx';
import { Surface } from './Surface.tsx';

const KINDS: ZoneKind[] = ['alert', 'ignore', 'privacy'];
/** Boxes would be in the way, and nothing is drawn into what is drawn on. */
const PLAIN = { overlay: false, fps: null, quality: null };

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
  const before = keptOf(name);
  const [draft, dispatch] = useReducer(reduce, before?.draft ?? { ...EMPTY, zones: stored });
  /** The server's zones that the draft was made of. */
  const base = useRef(before?.base ?? stored);
  const [masked, setMasked] = useState(false);
  const [saved, setSaved] = useState(false);
  const [conflict, setConflict] = useState(false);

  useEffect(() => {
    keep(name, draft.changed || draft.drawing !== null ? { draft, base: base.current } : null);
  }, [name, draft]);

  const act = useCallback(
    (action: Action) => {
      setSaved(false);
      forget();
      dispatch(action);
    },
    [forget],
  );
  const load = () => {
    base.current = stored;
    setConflict(false);
    act({ do: 'load', zones: stored });
  };
  const finish = () => act({ do: 'finish', name: freeName(draft.zones, texts.zones.newName) });
  const newest = useRef(draft);
  newest.current = draft;
  /** Saves the zones as they are now, unless somebody else has changed them since they were loaded. */
  const save = async (of: Zone[]) => {
    base.current = of;
    const sent = draft.zones;
    let isOther = false;
    const taken = await change({ camera: { [name]: { zone: sent } } }, (now) => {
      isOther = !areSame(now.settings.camera[name]?.zone ?? [], of);
      return !isOther;
    });
    setConflict(isOther);
    if (!taken) return;
    base.current = sent;
    // What was drawn on meanwhile stays, and isn't saved.
    const isUnchanged = newest.current.zones === sent && newest.current.drawing === null;
    if (isUnchanged) dispatch({ do: 'saved' });
    setSaved(isUnchanged);
    // Another page may be shown by now.
    if (keptOf(name)?.draft.zones === sent) keep(name, null);
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
            <Button
              look="primary"
              busy={busy}
              disabled={!draft.changed || drawing !== null}
              onClick={() => save(base.current)}
            >
              {texts.zones.save}
            </Button>
            <Button disabled={!draft.changed || busy} onClick={load}>
              {texts.zones.discard}
            </Button>
          </div>
          {conflict && (
            <div className="problem" role="alert">
              <span>{texts.zones.conflict}</span>
              <Button onClick={load}>{texts.zones.takeTheirs}</Button>
              <Button onClick={() => save(stored)}>{texts.zones.keepMine}</Button>
            </div>
          )}
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
