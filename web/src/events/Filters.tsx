/** Which of the day's events are shown. */

import type { EventRecord } from '../api/types.ts';
import { useCameras } from '../cameras.tsx';
import { Button, Select, Toggle } from '../parts/Parts.tsx';
import { useTexts } from '../texts/index.tsx';
import { type Filter, isFiltered, NO_FILTER, SEVERITIES, STATES } from './place.ts';

interface Props {
  filter: Filter;
  /** What is shown may name zones that there are no more. */
  events: EventRecord[];
  change: (filter: Partial<Filter>) => void;
}

export function Filters({ filter, events, change }: Props) {
  const { texts } = useTexts();
  const { cameras } = useCameras();
  const t = texts.events;
  const zones = distinct([
    ...cameras.flatMap(({ zones }) => zones.filter(({ kind }) => kind === 'alert').map(({ name }) => name)),
    ...events.flatMap(({ zone }) => zone ?? []),
    ...(filter.zone === null ? [] : [filter.zone]),
  ]);
  const choice = (
    label: string,
    name: Exclude<keyof Filter, 'kept'>,
    options: (readonly [value: string, text: string])[],
  ) => (
    <Select
      label={label}
      value={filter[name] ?? ''}
      options={[['', t.any] as const, ...options]}
      change={(value) => change({ [name]: value === '' ? null : value })}
    />
  );
  const names = distinct([...cameras.map(({ name }) => name), ...(filter.camera ? [filter.camera] : [])]);
  return (
    <fieldset className="row wrap filters">
      <legend className="unseen">{t.filters}</legend>
      {names.length > 1 &&
        choice(
          t.camera,
          'camera',
          names.map((name) => [name, name] as const),
        )}
      {choice(
        t.state,
        'state',
        STATES.map((name) => [name, texts.states[name]] as const),
      )}
      {choice(t.type, 'type', Object.entries(texts.types))}
      {choice(
        t.severity,
        'severity',
        SEVERITIES.map((name) => [name, texts.severities[name]] as const),
      )}
      {zones.length > 0 &&
        choice(
          t.zone,
          'zone',
          zones.map((name) => [name, name] as const),
        )}
      <Toggle label={t.keptOnly} on={filter.kept} change={(kept) => change({ kept })} />
      {isFiltered(filter) && (
        <Button look="quiet" onClick={() => change(NO_FILTER)}>
          {t.clear}
        </Button>
      )}
    </fieldset>
  );
}

const distinct = (names: string[]) => [...new Set(names)];
