/** Settings of the detection with their live effect beside them, and what was learned as normal. */

import { useStatus } from '../api/status.tsx';
import { useCameras } from '../cameras.tsx';
import { Curve } from '../live/Curve.tsx';
import { Screen } from '../live/Screen.tsx';
import { situation } from '../live/situation.ts';
import { Card, Loading, Page, Problem } from '../parts/Parts.tsx';
import { Adjust, type Place } from '../settings/Adjust.tsx';
import { useSettings } from '../settings/useSettings.ts';
import { useTexts } from '../texts/index.tsx';
import { Mask } from '../zones/Mask.tsx';
import { BaselineView } from './Baseline.tsx';

/** What is tuned by looking; the rest is in the configuration file. */
const DETECTION: Place[] = [
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
  { table: 'anomaly', key: 'enabled', name: 'anomaly.enabled' },
  { table: 'anomaly', key: 'false_alarms_per_day', slider: { from: 0.02, to: 50, logarithmic: true } },
];
const PICTURE: Place[] = [
  { table: 'camera', key: 'width' },
  { table: 'camera', key: 'height' },
  { table: 'camera', key: 'fps' },
];

const PLAIN = { overlay: true, fps: null, quality: null };

export function Tuning() {
  const { texts, format } = useTexts();
  const { status, starting } = useStatus();
  const { camera, index } = useCameras();
  const { settings, loadError, error, faults, change, forget } = useSettings();
  const name = camera?.name;
  if (name === undefined || settings === null)
    return loadError !== null ? <Problem error={loadError} /> : <Loading />;
  const fields = (places: Place[]) =>
    places.map((place) => (
      <Adjust
        key={`${place.table}.${place.key}`}
        camera={{ name, index }}
        {...{ place, settings, faults, change }}
      />
    ));
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
            {fields(DETECTION)}
          </Card>
          <Card heading={texts.tuning.picture}>{fields(PICTURE)}</Card>
        </div>
      </div>
      <BaselineView />
    </Page>
  );
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
