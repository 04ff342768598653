/** Settings of the detection with their live effect beside them, and what was learned as normal. */

import { useStatus } from '../api/status.tsx';
import type { CameraSettings, Key, Settings, Table } from '../api/types.ts';
import { useCameras } from '../cameras.tsx';
import { Curve } from '../live/Curve.tsx';
import { Screen } from '../live/Screen.tsx';
import { situation } from '../live/situation.ts';
import { Card, Loading, Page, Problem } from '../parts/Parts.tsx';
import { Field } from '../settings/Field.tsx';
import { faultsOf, useSettings } from '../settings/useSettings.ts';
import { useTexts } from '../texts/index.tsx';
import { Mask } from '../zones/Mask.tsx';
import { BaselineView } from './Baseline.tsx';

type TableName = 'camera' | 'motion' | 'alert' | 'anomaly';

interface Tuned {
  table: TableName;
  key: string;
  /** For its texts, where the key alone isn't clear. */
  name?: string;
  slider?: { from: number; to: number; logarithmic?: boolean };
  factor?: number;
}

/** What is tuned by looking; the rest is in the configuration file. */
const DETECTION: Tuned[] = [
  { table: 'motion', key: 'sensitivity', slider: { from: 0, to: 1 } },
  { table: 'motion', key: 'min_area', slider: { from: 0.00005, to: 0.05, logarithmic: true }, factor: 1000 },
  { table: 'motion', key: 'min_seconds', slider: { from: 0, to: 5 } },
  {
    table: 'motion',
    key: 'hold_seconds',
    name: 'motion.hold_seconds',
    slider: { from: 0.5, to: 300, logarithmic: true },
  },
  {
    table: 'alert',
    key: 'hold_seconds',
    name: 'alert.hold_seconds',
    slider: { from: 0.5, to: 300, logarithmic: true },
  },
  { table: 'anomaly', key: 'false_alarms_per_day', slider: { from: 0.02, to: 50, logarithmic: true } },
];
const PICTURE: Tuned[] = [
  { table: 'camera', key: 'width' },
  { table: 'camera', key: 'height' },
  { table: 'camera', key: 'fps' },
];

const PLAIN = { overlay: true, fps: null, quality: null };

export function Tuning() {
  const { texts, format } = useTexts();
  const { status, starting } = useStatus();
  const { camera } = useCameras();
  const { settings, loadError, error, faults, change, forget } = useSettings();
  const name = camera?.name;
  if (name === undefined || settings === null)
    return loadError !== null ? <Problem error={loadError} /> : <Loading />;
  const fields = { settings, faults, change, camera: name };
  return (
    <Page heading={texts.tuning.heading} intro={texts.tuning.intro}>
      <div className="split">
        <div className="effects">
          <Screen view={PLAIN} cover={situation(status, starting, camera?.source, { texts, format }).title}>
            <Mask />
          </Screen>
          <p className="muted hint">
            {texts.tuning.mask}
            {status?.motion_regions !== undefined && `: ${texts.tuning.now(status.motion_regions)}`}
            {' · '}
            {texts.zones.maskLegend}
          </p>
          <Level />
        </div>
        <div>
          <Card heading={texts.tuning.detection}>
            <Problem error={error} dismiss={forget} />
            <Fields list={DETECTION} {...fields} />
          </Card>
          <Card heading={texts.tuning.picture}>
            <Fields list={PICTURE} {...fields} />
          </Card>
        </div>
      </div>
      <BaselineView />
    </Page>
  );
}

interface FieldsProps {
  list: Tuned[];
  settings: Settings;
  faults: ReturnType<typeof useSettings>['faults'];
  change: ReturnType<typeof useSettings>['change'];
  camera: string;
}

function Fields({ list, settings, faults, change, camera }: FieldsProps) {
  const { index } = useCameras();
  const inForce = settings.settings.camera[camera];
  if (inForce === undefined) return null;
  const changed = settings.changed.camera?.[camera];
  return list.map(({ table, key, name = key, slider, factor }) => {
    const about = settings.keys[table].find((about: Key) => about.key === key);
    const value = within(inForce, table)?.[key];
    if (about === undefined || typeof value !== 'number') return null;
    const full = table === 'camera' ? `camera[${index}].${key}` : `camera[${index}].${table}.${key}`;
    return (
      <Field
        key={full}
        name={name}
        about={about}
        value={value}
        changed={within(changed, table)?.[key] !== undefined}
        pending={settings.pending.includes(full)}
        faults={faultsOf(faults, full)}
        {...(slider === undefined ? {} : { slider })}
        {...(factor === undefined ? {} : { factor })}
        change={(value) => {
          const patch = table === 'camera' ? { [key]: value } : { [table]: { [key]: value } };
          return change({ camera: { [camera]: patch } });
        }}
      />
    );
  });
}

function within(camera: Partial<CameraSettings> | undefined, table: TableName): Table | undefined {
  return table === 'camera' ? camera : camera?.[table];
}

/** How strange it is against the limit from which it is an anomaly. */
function Level() {
  const { texts, format } = useTexts();
  const { status, history } = useStatus();
  const level = status?.anomaly_level;
  const limit = status?.anomaly_limit;
  return (
    <Card heading={texts.tuning.level} className="level">
      <p className="muted hint">
        {level === undefined || limit === undefined
          ? texts.tuning.levelMissing
          : `${format.number(level, 1)} · ${texts.tuning.limit} ${format.number(limit, 1)}. ${texts.tuning.levelHint}`}
      </p>
      <Curve
        className="curve tall"
        label={texts.telemetry.curve(texts.tuning.level)}
        stretches={history.stretches('level')}
        limit={history.stretches('limit')}
      />
    </Card>
  );
}
