/** LEDs, relays and inputs as they really are; trying them out, arming, silencing. */

import { useState } from 'react';
import { get, post } from '../api/client.ts';
import type { Arming, Closing, Outputs as Listed, Output } from '../api/types.ts';
import { useCommand, usePolled } from '../parts/hooks.ts';
import { Button, Card, Confirm, Facts, Loading, Page, Problem } from '../parts/Parts.tsx';
import { useTexts } from '../texts/index.tsx';

const PERIOD_MS = 1000;
const HISTORY_PERIOD_MS = 5000;
/** A test is long enough to be seen and heard. */
const TEST_SECONDS = 1;
const MODES: Arming['mode'][] = ['armed', 'disarmed', 'schedule'];

const askOutputs = () => get<Listed>('api/outputs');
const askArming = () => get<Arming>('api/arm');
const askHistory = async () => (await get<{ closings: Closing[] }>('api/outputs/history?limit=50')).closings;

export function Outputs() {
  const { texts } = useTexts();
  const outputs = usePolled(askOutputs, PERIOD_MS);
  const t = texts.outputs;
  return (
    <Page heading={t.heading}>
      <ArmingCard />
      {outputs.error !== null && <Problem error={outputs.error} />}
      {outputs.answer === null ? (
        outputs.error === null && <Loading />
      ) : (
        <Lines listed={outputs.answer} again={outputs.again} />
      )}
      <History />
    </Page>
  );
}

function ArmingCard() {
  const { texts, format } = useTexts();
  const { answer, error: askError, again } = usePolled(askArming, PERIOD_MS);
  const { busy, error, run, dismiss } = useCommand();
  const t = texts.outputs;
  const command = async (path: string, body?: unknown) => {
    await run(() => post(path, body));
    await again();
  };
  return (
    <Card heading={t.arming} className="arming">
      <p className={answer?.armed === true ? 'arming-state armed' : 'arming-state'} role="status">
        {answer === null ? texts.problems.loading : answer.armed ? t.armed : t.disarmed}
      </p>
      <p className="muted" lang="en">
        {answer?.why ?? ''}
        {typeof answer?.next_change === 'string' && ` · ${t.nextChange(format.date(answer.next_change))}`}
      </p>
      <div className="row wrap">
        <fieldset className="row wrap">
          <legend className="unseen">{t.arming}</legend>
          {MODES.map((mode) => (
            <Button
              key={mode}
              disabled={busy || answer === null}
              aria-pressed={answer?.mode === mode}
              onClick={() => command('api/arm', { mode })}
            >
              {t.modes[mode]}
            </Button>
          ))}
        </fieldset>
        {typeof answer?.silent_until === 'string' ? (
          <Button busy={busy} onClick={() => command('api/alert/silence', { seconds: 0 })}>
            {t.unsilence}
          </Button>
        ) : (
          <Button look="danger" busy={busy} onClick={() => command('api/alert/silence')}>
            {t.silence}
          </Button>
        )}
        <span role="status">
          {typeof answer?.silent_until === 'string' && t.silentUntil(format.clock(answer.silent_until))}
        </span>
      </div>
      <Problem error={error ?? askError} {...(error === null ? {} : { dismiss })} />
    </Card>
  );
}

function Lines({ listed, again }: { listed: Listed; again: () => Promise<unknown> }) {
  const { texts, format } = useTexts();
  const t = texts.outputs;
  return (
    <>
      {listed.outputs.length === 0 && (
        <Card>
          <p className="muted">{t.none}</p>
        </Card>
      )}
      <div className="grid">
        {listed.outputs.map((output) => (
          <OutputCard key={output.name} output={output} again={again} />
        ))}
      </div>
      {listed.inputs.length > 0 && (
        <Card heading={t.inputs}>
          <table className="table">
            <tbody>
              {listed.inputs.map((input) => (
                <tr key={input.name}>
                  <th scope="row">{input.name}</th>
                  <td>{input.active === null ? t.unknown : input.active ? t.active : t.inactive}</td>
                  <td className="muted">{t.since(format.date(input.since))}</td>
                  <td className="muted">{t.actions[input.action] ?? input.action}</td>
                  <td className="muted">{input.line}</td>
                  <td lang="en">{input.problem}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Card>
      )}
      <p className="muted hint">
        {t.driver}: {listed.driver} – <span lang="en">{listed.driver_reason}</span>
      </p>
    </>
  );
}

function OutputCard({ output, again }: { output: Output; again: () => Promise<unknown> }) {
  const { texts, format } = useTexts();
  const { busy, error, run, dismiss } = useCommand();
  const [asked, setAsked] = useState(false);
  const { name, kind, on, read_back: readBack, problem } = output;
  const t = texts.outputs;
  const test = async () => {
    const path = `api/outputs/${encodeURIComponent(name)}/test`;
    if (await run(() => post(path, { seconds: TEST_SECONDS }))) setAsked(false);
    await again();
  };
  const read = readBack === null ? t.cannotRead : readBack === on ? t.agrees : t.differs;
  return (
    <Card heading={`${t.kinds[kind]} ${name}`} className={`output ${kind} ${on ? 'on' : ''}`}>
      <p className="output-state">
        <span className="lamp" aria-hidden="true" />
        {on ? t.on[kind] : t.off[kind]}
      </p>
      <p className="muted">
        {t.since(format.date(output.since))} · <span lang="en">{output.why}</span>
      </p>
      {problem !== null && (
        <p className="fault" role="alert" lang="en">
          {problem}
        </p>
      )}
      <Facts
        rows={[
          [t.line, output.active_low ? `${output.line} (${t.activeLow})` : output.line],
          [
            t.readBack,
            <span key="read" className={readBack !== null && readBack !== on ? 'fault' : ''}>
              {read}
            </span>,
          ],
          [
            t.reaction,
            output.capture_to_line_ms === null
              ? texts.system.notMeasured
              : `${format.number(output.capture_to_line_ms, 1)} ${texts.units.ms}`,
          ],
        ]}
      />
      {!asked && <Problem error={error} dismiss={dismiss} />}
      <Button
        busy={busy}
        aria-label={t.testNamed(name)}
        onClick={() => (kind === 'relay' ? setAsked(true) : void test())}
      >
        {t.test}
      </Button>
      {asked && (
        <Confirm
          question={t.relayQuestion(name)}
          text={t.relayText}
          yes={t.closeRelay}
          busy={busy}
          error={error}
          confirm={test}
          close={() => {
            dismiss();
            setAsked(false);
          }}
        />
      )}
    </Card>
  );
}

function History() {
  const { texts, format } = useTexts();
  const { answer, error } = usePolled(askHistory, HISTORY_PERIOD_MS);
  const t = texts.outputs;
  return (
    <Card heading={t.history}>
      <Problem error={error} />
      {answer !== null && answer.length === 0 && <p className="muted">{t.noHistory}</p>}
      {answer !== null && answer.length > 0 && (
        <div className="scroll">
          <table className="table">
            <thead>
              <tr>
                <th scope="col">{t.kinds.relay}</th>
                <th scope="col">{t.closed}</th>
                <th scope="col">{t.opened}</th>
                <th scope="col">{t.reason}</th>
              </tr>
            </thead>
            <tbody>
              {answer.map(({ relay, closed_at, opened_at, reason, ended }) => (
                <tr key={`${relay} ${closed_at}`}>
                  <th scope="row">{relay}</th>
                  <td>{format.date(closed_at)}</td>
                  <td>{opened_at === null ? t.on.relay : format.clock(opened_at)}</td>
                  <td lang="en">
                    {reason}
                    {ended !== null && <span className="muted"> · {ended}</span>}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Card>
  );
}
