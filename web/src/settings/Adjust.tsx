/** One key of the settings, by its place in them: a number or a switch, as its value is. */

import type { Settings, SettingsTree, Table } from '../api/types.ts';
import { NumberField, type Shape } from './NumberField.tsx';
import { SwitchField } from './SwitchField.tsx';
import { faultsOf, type useSettings } from './useSettings.ts';

type TableName = 'camera' | 'motion' | 'alert' | 'anomaly' | 'events' | 'snapshots';

/** Where a key stands, and how it is shown. */
export interface Place extends Shape {
  table: TableName;
  key: string;
  /** For its texts, where the key alone isn't clear. */
  name?: string;
}

interface Props {
  place: Place;
  settings: Settings;
  faults: ReturnType<typeof useSettings>['faults'];
  change: ReturnType<typeof useSettings>['change'];
  /** Whose settings; none for those of the whole program. */
  camera?: { name: string; index: number };
}

export function Adjust({ place, settings, faults, change, camera }: Props) {
  const { table, key, name = key, ...shape } = place;
  const about = settings.keys[table].find((about) => about.key === key);
  const value = tableOf(settings.settings, table, camera?.name)?.[key];
  if (about === undefined) return null;
  const within = table === 'camera' ? key : `${table}.${key}`;
  const full = camera === undefined ? within : `camera[${camera.index}].${within}`;
  const known = {
    name,
    about,
    changed: tableOf(settings.changed, table, camera?.name)?.[key] !== undefined,
    pending: settings.pending.includes(full),
    faults: faultsOf(faults, full),
  };
  const set = (value: number | boolean | null) => {
    const patch = table === 'camera' ? { [key]: value } : { [table]: { [key]: value } };
    return change(camera === undefined ? patch : { camera: { [camera.name]: patch } });
  };
  if (typeof value === 'number') return <NumberField {...known} {...shape} value={value} change={set} />;
  if (typeof value === 'boolean') return <SwitchField {...known} on={value} change={set} />;
  return null;
}

function tableOf(
  tree: SettingsTree | Settings['changed'],
  table: TableName,
  camera: string | undefined,
): Table | undefined {
  if (table === 'events' || table === 'snapshots') return tree[table];
  const own = camera === undefined ? undefined : tree.camera?.[camera];
  return table === 'camera' ? own : own?.[table];
}
