/** The program and the board: versions, health with its reasons, cameras and what they offer, the log. */

import { useState } from 'react';
import { get } from '../api/client.ts';
import type { System as About, LogLine, Readiness, SystemCamera } from '../api/types.ts';
import { usePolled } from '../parts/hooks.ts';
import { Card, Facts, Loading, Page, Problem, Select } from '../parts/Parts.tsx';
import { useTexts } from '../texts/index.tsx';
import { Update } from './Update.tsx';

const PERIOD_MS = 2000;
const SYSTEM_PERIOD_MS = 5000;
const LOG_LINES = 200;

const askSystem = () => get<About>('api/system');
const askLog = async () => (await get<{ lines: LogLine[] }>(`api/log?limit=${LOG_LINES}`)).lines;

/** Not ready is an answer, too, with a status that says error. */
const askReadiness = () => get<Readiness>('readyz', { answersWith: 503 });

export function System() {
  const { texts } = useTexts();
  const { answer, error } = usePolled(askSystem, SYSTEM_PERIOD_MS);
  return (
    <Page heading={texts.system.heading}>
      <Health />
      <Problem error={error} />
      {answer === null ? (
        error === null && <Loading />
      ) : (
        <div className="grid">
          <Program about={answer} />
          <Board about={answer} />
          <Update />
          {answer.cameras.map((camera) => (
            <CameraCard key={camera.name} camera={camera} />
          ))}
        </div>
      )}
      <Log />
      <Card heading={texts.system.documentation}>
        <ul className="plain-list">
          {Object.entries(texts.system.manuals).map(([path, title]) => (
            <li key={path}>
              <a href={`docs/${path}`}>{title}</a>
            </li>
          ))}
          <li>
            <a href="api/openapi.json">{texts.system.api}</a>
          </li>
          <li>
            <a href="metrics">{texts.system.metrics}</a>
          </li>
        </ul>
      </Card>
    </Page>
  );
}

function Health() {
  const { texts } = useTexts();
  const { answer, error } = usePolled(askReadiness, PERIOD_MS);
  const t = texts.system;
  return (
    <Card heading={t.health}>
      <Problem error={error} />
      <ul className="health">
        {answer?.cameras.map(({ name, ready, phase, degraded, limits }) => {
          const words = ready ? t.ready : phase === 'stopped' ? t.stopped : t.notReady;
          const look = ready ? 'good' : phase === 'stopped' ? '' : 'bad';
          return (
            <li key={name}>
              <strong className={look}>
                {name}: {words}
              </strong>
              <ul className="plain-list" lang="en">
                {degraded !== null && <li>{degraded.reason}</li>}
                {limits.map((limit) => (
                  <li key={limit} className="muted">
                    {limit}
                  </li>
                ))}
              </ul>
            </li>
          );
        })}
      </ul>
    </Card>
  );
}

function Program({ about }: { about: About }) {
  const { texts, format } = useTexts();
  const t = texts.system;
  return (
    <Card heading={t.program}>
      <Facts
        rows={[
          [t.version, about.version],
          [t.uptime, format.duration(about.uptime_seconds)],
          [t.started, format.date(about.started)],
          [
            t.memory,
            about.memory_bytes === null
              ? t.notMeasured
              : `${format.bytes(about.memory_bytes)}${
                  about.peak_memory_bytes === null
                    ? ''
                    : ` (${t.peak(format.bytes(about.peak_memory_bytes))})`
                }`,
          ],
        ]}
      />
    </Card>
  );
}

function Board({ about }: { about: About }) {
  const { texts, format } = useTexts();
  const t = texts.system;
  const { disk, temperature_c: temperature } = about;
  return (
    <Card heading={t.board}>
      <Facts
        rows={[
          [t.hostname, about.hostname],
          [t.kernel, about.kernel],
          [t.architecture, about.architecture],
          [t.clock, about.clock_set ? t.clockSet : t.clockNotSet],
          [
            t.temperature,
            typeof temperature === 'number'
              ? `${format.number(temperature, 1)} ${texts.units.celsius}`
              : t.notMeasured,
          ],
          [
            t.disk,
            disk === null
              ? t.notMeasured
              : t.free(format.bytes(disk.free_bytes), format.bytes(disk.total_bytes)),
          ],
        ]}
      />
    </Card>
  );
}

function CameraCard({ camera }: { camera: SystemCamera }) {
  const { texts, format } = useTexts();
  const t = texts.system;
  const { opened, network, formats } = camera;
  const looks =
    network.rate_hz === undefined || network.look_ms === undefined
      ? ''
      : `, ${t.looks(format.number(network.rate_hz, 1), `${format.number(network.look_ms, 1)} ${texts.units.ms}`)}`;
  return (
    <Card heading={`${texts.camera} ${camera.name}`}>
      <Facts
        rows={[
          [t.source, t.sources[camera.source]],
          [
            t.delivers,
            opened !== null &&
              `${opened.device}: ${opened.format} ${opened.width} × ${opened.height}${
                opened.fps === null ? '' : `, ${format.number(opened.fps, 1)} ${texts.units.fps}`
              }`,
          ],
          [
            t.frames,
            t.framesCounted(
              format.number(camera.frames_analyzed),
              format.number(camera.frames_broken),
              format.number(camera.frames_skipped),
            ),
          ],
          [
            t.lastBroken,
            camera.last_broken !== null && (
              <span key="broken" lang="en">
                {camera.last_broken}
              </span>
            ),
          ],
          [t.reopened, `${format.number(camera.reopened)} ×`],
          [
            t.model,
            network.version === undefined ? (
              <span key="missing" lang="en">
                {network.missing}
              </span>
            ) : (
              `${network.version}${looks}`
            ),
          ],
          [t.provider, network.provider !== undefined && network.provider],
          [
            t.formats,
            formats.length > 0 && (
              <ul className="plain-list">
                {formats.map(({ format: name, width, height, fps }) => (
                  <li key={`${name} ${width} ${height}`}>
                    {name} {width} × {height}
                    {fps.length > 0 &&
                      `: ${fps.map((rate) => format.number(rate)).join(', ')} ${texts.units.fps}`}
                  </li>
                ))}
              </ul>
            ),
          ],
        ]}
      />
    </Card>
  );
}

function Log() {
  const { texts, format } = useTexts();
  const { answer, error } = usePolled(askLog, PERIOD_MS);
  const [level, setLevel] = useState<'all' | 'warnings'>('all');
  const t = texts.system;
  const lines = (answer ?? []).filter(
    (line) => level === 'all' || line.level === 'WARN' || line.level === 'ERROR',
  );
  return (
    <Card heading={t.log}>
      <Problem error={error} />
      <Select
        label={t.level}
        value={level}
        options={[
          ['all', t.levels.all],
          ['warnings', t.levels.warnings],
        ]}
        change={setLevel}
      />
      {/* It scrolls, so the keyboard must reach it. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: see above */}
      <div className="log" role="log" tabIndex={0} aria-label={t.log} lang="en">
        {lines.length === 0 && <p className="muted">{t.logEmpty}</p>}
        {lines
          .map((line, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: lines have no name, and never change
            <p key={index} className={`log-${line.level.toLowerCase()}`}>
              <span className="muted">{format.clock(line.time)}</span>{' '}
              <span className="log-level">{line.level}</span> {line.text}
            </p>
          ))
          .reverse()}
      </div>
    </Card>
  );
}
