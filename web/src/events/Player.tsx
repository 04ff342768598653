/** One event: its clip, its picture, what is known of it, and what can be done with it. */

import { useEffect, useRef, useState } from 'react';
import { useSession } from '../access/session.tsx';
import { call } from '../api/client.ts';
import type { EventNews, EventRecord } from '../api/types.ts';
import { useCommand } from '../parts/hooks.ts';
import { Button, Confirm, Dialog, Problem, Toggle } from '../parts/Parts.tsx';
import { useTexts } from '../texts/index.tsx';
import { EventFacts } from './Facts.tsx';
import { type Action, actionOf } from './keys.ts';
import { ClipView, Controls, PictureView, shapeOf } from './Screening.tsx';
import { fileOf } from './useEvents.ts';
import { useFilm } from './useFilm.ts';
import { titleOf } from './words.ts';

interface Props {
  event: EventRecord;
  /** Those before and after it in the list. */
  older: EventRecord | undefined;
  newer: EventRecord | undefined;
  go: (event: EventRecord) => void;
  close: () => void;
  /** Tells the list what was done here. */
  heard: (news: EventNews) => void;
}

export function Player({ event, older, newer, go, close, heard }: Props) {
  const { texts, format } = useTexts();
  const { may } = useSession();
  const t = texts.events;
  const [speed, setSpeed] = useState(1);
  const [view, setView] = useState<'clip' | 'picture'>('clip');
  const [boxes, setBoxes] = useState(true);
  const [doomed, setDoomed] = useState(false);
  const marking = useCommand();
  const removing = useCommand();
  const stage = useRef<HTMLDivElement>(null);
  const film = useFilm(event, speed);

  const keep = () =>
    marking.run(async () => {
      const body = { keep: !event.keep };
      heard({ news: 'changed', event: await call<EventRecord>('PATCH', `api/events/${event.id}`, body) });
    });
  const remove = async () => {
    if (!(await removing.run(() => call('DELETE', `api/events/${event.id}`)))) return;
    setDoomed(false);
    // Whoever was looking at it goes on with the next one.
    const next = older ?? newer;
    if (next === undefined) close();
    else go(next);
    heard({ news: 'deleted', id: event.id });
    stage.current?.focus();
  };
  const showPicture = () => {
    film.video.current?.pause();
    setView('picture');
  };
  const removable = may('admin') && event.ended !== null;

  const act: Record<Action, () => void> = {
    older: () => older !== undefined && go(older),
    newer: () => newer !== undefined && go(newer),
    play: film.toggle,
    back: () => film.step(-1),
    forward: () => film.step(1),
    keep: () => may('control') && void keep(),
    remove: () => removable && setDoomed(true),
  };
  useKeys(act, !doomed);
  // The panel itself, so that keys mean what it says.
  useEffect(() => stage.current?.focus(), []);

  return (
    <>
      <Dialog heading={`${titleOf(event, texts)} · ${format.date(event.began)}`} close={close} wide>
        <div className="player">
          <div className="player-stage">
            <div className="screening" ref={stage} tabIndex={-1} style={shapeOf(event)}>
              <ClipView key={event.id} event={event} film={film} hidden={view !== 'clip'} />
              {view === 'picture' && <PictureView key={event.id} event={event} boxes={boxes} />}
            </div>
            <fieldset className="row wrap">
              <legend className="unseen">{t.views}</legend>
              <Button aria-pressed={view === 'clip'} onClick={() => setView('clip')}>
                {t.clip}
              </Button>
              <Button aria-pressed={view === 'picture'} onClick={showPicture}>
                {t.picture}
              </Button>
              {view === 'picture' && <Toggle label={t.boxes} on={boxes} change={setBoxes} />}
            </fieldset>
            {view === 'clip' && <Controls {...{ event, film, speed, stage }} changeSpeed={setSpeed} />}
          </div>
          <div className="player-facts">
            <EventFacts event={event} />
            <Downloads event={event} />
          </div>
        </div>
        <Problem error={marking.error} dismiss={marking.dismiss} />
        <div className="row wrap between">
          <div className="row wrap">
            <Button disabled={older === undefined} onClick={act.older}>
              {t.older}
            </Button>
            <Button disabled={newer === undefined} onClick={act.newer}>
              {t.newer}
            </Button>
          </div>
          <div className="row wrap">
            {may('control') && (
              <Button
                aria-pressed={event.keep}
                busy={marking.busy}
                title={t.keepHint}
                onClick={() => void keep()}
              >
                {event.keep ? t.unkeep : t.keep}
              </Button>
            )}
            {removable && (
              <Button look="danger" onClick={() => setDoomed(true)}>
                {t.remove}
              </Button>
            )}
            <Button look="primary" onClick={close}>
              {t.close}
            </Button>
          </div>
        </div>
        <Keyboard keeps={may('control')} removes={removable} />
      </Dialog>
      {doomed && (
        <Confirm
          question={t.removeQuestion}
          text={event.keep ? t.removeKept : t.removeText}
          yes={t.remove}
          busy={removing.busy}
          error={removing.error}
          confirm={() => void remove()}
          close={() => {
            removing.dismiss();
            setDoomed(false);
          }}
        />
      )}
    </>
  );
}

function useKeys(act: Record<Action, () => void>, listening: boolean) {
  const newest = useRef(act);
  newest.current = act;
  useEffect(() => {
    if (!listening) return undefined;
    const press = (pressed: KeyboardEvent) => {
      const action = actionOf(pressed, (pressed.target as Element | null)?.tagName ?? '');
      if (action === null) return;
      pressed.preventDefault();
      newest.current[action]();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, [listening]);
}

function Downloads({ event }: { event: EventRecord }) {
  const { texts } = useTexts();
  const t = texts.events;
  const name = `${event.camera}-${event.id}`;
  const isRecorded = event.ended !== null && event.clip !== null;
  return (
    <div className="downloads">
      <h3>{t.downloads}</h3>
      <div className="row wrap">
        {isRecorded && (
          <>
            <a className="button" href={fileOf(event, 'clip.mp4')} download={`${name}.mp4`}>
              {t.downloadClip}
            </a>
            <a className="button" href={fileOf(event, 'recording.mp4')} download={`${name}-original.mp4`}>
              {t.downloadOriginal}
            </a>
          </>
        )}
        <a className="button" href={fileOf(event, 'snapshot.jpg')} download={`${name}.jpg`}>
          {t.downloadPicture}
        </a>
      </div>
      {isRecorded && <p className="muted hint">{t.originalHint}</p>}
    </div>
  );
}

function Keyboard({ keeps, removes }: { keeps: boolean; removes: boolean }) {
  const { texts } = useTexts();
  const { keys, keyNames, keyboard } = texts.events;
  const rows: [names: string[], what: string][] = [
    [['←', '→'], keys.events],
    [[keyNames.space], keys.play],
    [[',', '.'], keys.step],
    ...(keeps ? [[['K'], keys.keep] as [string[], string]] : []),
    ...(removes ? [[[keyNames.remove], keys.remove] as [string[], string]] : []),
    [[keyNames.close], keys.close],
  ];
  return (
    <section className="keyboard muted hint" aria-label={keyboard}>
      {rows.map(([names, what]) => (
        <span key={what}>
          {names.map((name) => (
            <kbd key={name}>{name}</kbd>
          ))}{' '}
          {what}
        </span>
      ))}
    </section>
  );
}
