/** The page that most people look at: the picture, what is the matter, what is measured, and the commands. */

import { m } from 'framer-motion';
import { useEffect, useRef, useState } from 'react';
import { useSession } from '../access/session.tsx';
import { address, post } from '../api/client.ts';
import { useStatus } from '../api/status.tsx';
import { useCameras } from '../cameras.tsx';
import { useCommand } from '../parts/hooks.ts';
import { recall, remember } from '../parts/memory.ts';
import { Button, Problem, Select, Spinner, Toggle } from '../parts/Parts.tsx';
import { useTexts } from '../texts/index.tsx';
import { Banner } from './Banner.tsx';
import { Screen } from './Screen.tsx';
import type { View } from './Stream.tsx';
import { situation } from './situation.ts';
import { Telemetry } from './Telemetry.tsx';

/** The guide's wait between a started camera and its picture. */
const WARM_UP_MS = 500;
/** Later than this the camera runs because somebody started it again. */
const HEARD_MS = 2000;

type Command = 'starting' | 'stopping';

export function Live() {
  const { texts, format } = useTexts();
  const { status, starting } = useStatus();
  const { chosen, camera } = useCameras();
  const commands = useSession().may('control');
  const [under, setUnder] = useState<Command | null>(null);
  const { busy, error, run, dismiss } = useCommand();
  const [view, setView] = useView();
  const stage = useRef<HTMLDivElement>(null);
  const now = situation(status, starting, camera?.source, { texts, format }, commands);
  const running = status?.streaming === true;

  const deploy = async () => {
    setUnder('starting');
    await run(async () => {
      await post(address('start', { camera: chosen }));
      await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS));
    });
    setUnder(null);
  };
  const disengage = async () => {
    setUnder('stopping');
    if (!(await run(() => post(address('stop', { camera: chosen }))))) setUnder(null);
  };
  // The stop is over once it has been heard: before that, the status still tells of the picture that is gone.
  useEffect(() => {
    if (under !== 'stopping' || busy) return undefined;
    if (!running) setUnder(null);
    const timer = setTimeout(() => setUnder(null), HEARD_MS);
    return () => clearTimeout(timer);
  }, [under, busy, running]);

  const cover =
    under !== null ? (
      <>
        <Spinner /> {under === 'starting' ? texts.live.starting : texts.live.stopping}
      </>
    ) : (
      <>
        <strong>{now.title}</strong>
        {now.lines[0] !== undefined && (
          <span>{now.tone === 'lost' || now.tone === 'off' ? now.lines[0].text : texts.live.waiting}</span>
        )}
      </>
    );

  return (
    <div className="live">
      <h1 className="unseen">{texts.live.heading}</h1>
      <div className="stage" ref={stage}>
        <Banner situation={now} />
        <Screen view={view} held={under !== null} cover={cover}>
          <div className="core-place">
            <m.div
              className={`core tone-${now.tone.toLowerCase()}`}
              animate={{ scale: now.severity === undefined ? 1 : 1.06 }}
              transition={{ duration: 0.2 }}
            >
              <span className="unseen">{texts.live.core}: </span>
              <span className="dot" aria-hidden="true" />
              {now.word}
            </m.div>
          </div>
        </Screen>
        <div className="controls">
          {commands && (
            <>
              {running ? (
                <Button look="danger" busy={busy} onClick={disengage}>
                  {texts.live.disengage}
                </Button>
              ) : (
                <Button look="primary" busy={busy} disabled={status === null} onClick={deploy}>
                  {texts.live.deploy}
                </Button>
              )}
              <SnapshotButton camera={chosen} enabled={status?.camera_active === true && !busy} />
            </>
          )}
          <FullScreenButton stage={stage} />
          <ViewOptions view={view} change={setView} />
        </div>
        <Problem error={error} dismiss={dismiss} />
      </div>
      <Telemetry />
    </div>
  );
}

function SnapshotButton({ camera, enabled }: { camera: string | null; enabled: boolean }) {
  const { texts } = useTexts();
  const { busy, error, run, dismiss } = useCommand();
  const [saved, setSaved] = useState<string | null>(null);
  useEffect(() => {
    if (saved === null) return undefined;
    const timer = setTimeout(() => setSaved(null), 8000);
    return () => clearTimeout(timer);
  }, [saved]);
  const take = () =>
    run(async () => {
      setSaved((await post<{ filename: string }>(address('snapshot', { camera }))).filename);
    });
  return (
    <>
      <Button busy={busy} disabled={!enabled} onClick={take}>
        {texts.live.snapshot}
      </Button>
      <div className="toast" role="status">
        {saved !== null && (
          <a href={`api/snapshots/${encodeURIComponent(saved)}`} target="_blank" rel="noopener">
            {texts.live.snapshotSaved(saved)}
          </a>
        )}
      </div>
      {error !== null && (
        <div className="toast">
          <Problem error={error} dismiss={dismiss} />
        </div>
      )}
    </>
  );
}

function FullScreenButton({ stage }: { stage: React.RefObject<HTMLDivElement> }) {
  const { texts } = useTexts();
  const [full, setFull] = useState(false);
  useEffect(() => {
    const follow = () => setFull(document.fullscreenElement !== null);
    document.addEventListener('fullscreenchange', follow);
    return () => document.removeEventListener('fullscreenchange', follow);
  }, []);
  // Phones of one maker have it for videos only.
  if (!document.fullscreenEnabled) return null;
  const toggle = () => (full ? document.exitFullscreen() : stage.current?.requestFullscreen());
  return (
    <Button onClick={() => void toggle()?.catch(() => {})}>
      {full ? texts.live.leaveFullScreen : texts.live.fullScreen}
    </Button>
  );
}

const RATES = ['all', '15', '10', '5', '2', '1'] as const;
const QUALITIES = ['standard', 'low', 'medium', 'high'] as const;
const QUALITY: Record<(typeof QUALITIES)[number], number | null> = {
  standard: null,
  low: 40,
  medium: 65,
  high: 92,
};

/** What this viewer wants to see; the browser remembers it. */
function useView(): [View, (view: View) => void] {
  const [view, setView] = useState<View>(() => {
    const fps = Number(recall('fps'));
    const quality = Number(recall('quality'));
    return {
      overlay: recall('overlay') !== '0',
      fps: fps > 0 ? fps : null,
      quality: quality > 0 ? quality : null,
    };
  });
  const change = (view: View) => {
    remember('overlay', view.overlay ? '1' : '0');
    remember('fps', String(view.fps ?? 0));
    remember('quality', String(view.quality ?? 0));
    setView(view);
  };
  return [view, change];
}

function ViewOptions({ view, change }: { view: View; change: (view: View) => void }) {
  const { texts } = useTexts();
  const quality = QUALITIES.find((name) => QUALITY[name] === view.quality) ?? 'standard';
  return (
    <fieldset className="view">
      <legend className="unseen">{texts.live.viewOptions}</legend>
      <Toggle
        label={texts.live.overlay}
        on={view.overlay}
        change={(overlay) => change({ ...view, overlay })}
      />
      <Select
        label={texts.live.fps}
        value={RATES.find((rate) => rate === String(view.fps)) ?? 'all'}
        options={RATES.map((rate) => [rate, rate === 'all' ? texts.live.fpsAll : rate] as const)}
        change={(rate) => change({ ...view, fps: rate === 'all' ? null : Number(rate) })}
      />
      <Select
        label={texts.live.quality}
        value={quality}
        options={QUALITIES.map((name) => [name, texts.live.qualities[name]] as const)}
        change={(name) => change({ ...view, quality: QUALITY[name] })}
      />
    </fieldset>
  );
}
