/** Everything that is measured, with what it was in the last minutes. */

import type { Figure } from '../api/history.ts';
import { useStatus } from '../api/status.tsx';
import { Card } from '../parts/Parts.tsx';
import { useTexts } from '../texts/index.tsx';
import { Curve } from './Curve.tsx';

interface Tile {
  name: string;
  value: string | null;
  unit?: string;
  hint?: string;
  curve?: Figure;
  share?: number;
}

export function Telemetry() {
  const { texts, format } = useTexts();
  const { status, history } = useStatus();
  const t = texts.telemetry;
  const stats = status?.anomaly_stats;
  const number = (value: number | undefined, digits = 0) =>
    value === undefined ? null : format.number(value, digits);
  const temperature = status?.process?.temperature_c;
  const memory = status?.process?.memory_bytes;
  const uptime = status?.process?.uptime_seconds;
  const tiles: Tile[] = [
    { name: t.fps, value: number(status?.fps, 1), unit: texts.units.fps, curve: 'fps' },
    {
      name: t.latency,
      value: number(status?.latency_ms, 1),
      unit: texts.units.ms,
      curve: 'latency',
      hint: t.latencyHint,
    },
    {
      name: t.processing,
      value: number(status?.processing_ms, 2),
      unit: texts.units.ms,
      curve: 'processing',
      hint: t.processingHint,
    },
    { name: t.memory, value: memory === undefined ? null : format.bytes(memory), curve: 'memory' },
    { name: t.temperature, value: number(temperature, 1), unit: texts.units.celsius, curve: 'temperature' },
    { name: t.frames, value: number(stats?.total_frames_analyzed) },
    { name: t.anomalies, value: number(stats?.total_anomalies_detected) },
    {
      name: t.rate,
      value: stats === undefined ? null : format.significant(1000 * stats.anomaly_rate),
      unit: t.rateUnit,
      hint: t.rateHint,
    },
    {
      name: stats?.paused === true ? `${t.learning} (${t.paused})` : t.learning,
      value: stats === undefined ? null : format.percent(stats.learning_progress),
      ...(stats === undefined ? {} : { share: stats.learning_progress }),
    },
    { name: t.regions, value: number(status?.motion_regions) },
    { name: t.viewers, value: number(status?.viewers) },
    { name: t.uptime, value: uptime === undefined ? null : format.duration(uptime) },
  ];
  return (
    <Card heading={t.heading} className="telemetry">
      <dl className="tiles">
        {tiles.map(({ name, value, unit, hint, curve, share }) => (
          <div key={name} className="tile" title={hint}>
            <dt>{name}</dt>
            <dd>
              <span className="figure">{value ?? t.unknown}</span>
              {value !== null && unit !== undefined && <span className="unit"> {unit}</span>}
              {curve !== undefined && (
                <Curve
                  label={t.curve(name)}
                  stretches={history.stretches(curve)}
                  fromZero={curve !== 'memory'}
                />
              )}
              {share !== undefined && <meter aria-label={name} min={0} max={1} value={share} />}
            </dd>
          </div>
        ))}
      </dl>
      <Lines />
    </Card>
  );
}

/** LEDs and relays as they are. */
function Lines() {
  const { texts } = useTexts();
  const { status } = useStatus();
  const outputs = Object.entries(status?.outputs ?? {});
  const arming = status?.armed === true ? texts.telemetry.armed : texts.telemetry.disarmed;
  return (
    <div className="lines">
      <h3>
        {texts.telemetry.outputs}
        {status !== null && (
          <span className="muted">
            {' '}
            · {arming}
            {status.silent_until !== undefined && ` · ${texts.telemetry.silenced}`}
          </span>
        )}
      </h3>
      {outputs.length === 0 ? (
        <p className="muted">{texts.telemetry.none}</p>
      ) : (
        <ul className="chips">
          {outputs.map(([name, on]) => (
            <li key={name} className={on ? 'chip on' : 'chip'}>
              <span className="dot" aria-hidden="true" />
              {name}: {on ? texts.telemetry.on : texts.telemetry.off}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
