/** The clip of an event with what moves it, and its picture with boxes. */

import { type CSSProperties, type RefObject, useState } from 'react';
import type { EventRecord } from '../api/types.ts';
import { Icon } from '../parts/Icon.tsx';
import { Button, Problem, Select, Spinner } from '../parts/Parts.tsx';
import { useTexts } from '../texts/index.tsx';
import { SPEEDS } from './frames.ts';
import { fileOf } from './useEvents.ts';
import type { Film } from './useFilm.ts';

export function ClipView({ event, film, hidden }: { event: EventRecord; film: Film; hidden: boolean }) {
  const { texts, format } = useTexts();
  const { phase, changed } = film;
  const t = texts.events;
  const words = {
    recording: t.underWayNow,
    none: t.noClip,
    preparing: t.preparing,
    unplayable: t.unplayable,
    failed: null,
    ready: null,
  }[phase];
  return (
    <>
      <video
        ref={film.video}
        hidden={hidden}
        aria-label={t.clipOf(format.date(event.began))}
        muted
        playsInline
        preload="auto"
        poster={fileOf(event, 'snapshot.jpg')}
        src={phase === 'ready' ? fileOf(event, 'clip.mp4') : undefined}
        onClick={film.toggle}
        onPlay={changed}
        onPause={changed}
        onEnded={changed}
        onTimeUpdate={changed}
        onSeeked={changed}
        onLoadedMetadata={changed}
        onError={() => phase === 'ready' && film.broken()}
      />
      {phase !== 'ready' && !hidden && (
        <div className="screening-words" role="status">
          {phase === 'preparing' && <Spinner />}
          {words}
          {phase === 'failed' && (
            <>
              <Problem error={film.error} />
              <Button onClick={film.again}>{t.again}</Button>
            </>
          )}
        </div>
      )}
    </>
  );
}

export function PictureView({ event, boxes }: { event: EventRecord; boxes: boolean }) {
  const { texts, format } = useTexts();
  const [size, setSize] = useState<[width: number, height: number] | null>(null);
  return (
    <>
      <img
        src={fileOf(event, 'snapshot.jpg')}
        alt={texts.events.pictureOf(format.date(event.began))}
        onLoad={({ currentTarget }) => setSize([currentTarget.naturalWidth, currentTarget.naturalHeight])}
      />
      {boxes && size !== null && (
        <svg className="boxes" viewBox={`0 0 ${size[0]} ${size[1]}`} aria-hidden="true">
          {event.regions.map(({ x, y, w, h }) => (
            <rect key={`${x} ${y} ${w} ${h}`} x={x} y={y} width={w} height={h} />
          ))}
        </svg>
      )}
    </>
  );
}

/** In the clip's own shape. */
export const shapeOf = ({ clip }: EventRecord) =>
  ({ '--ratio': clip === null ? 4 / 3 : clip.width / clip.height }) as CSSProperties;

interface ControlsProps {
  event: EventRecord;
  film: Film;
  speed: number;
  changeSpeed: (speed: number) => void;
  stage: RefObject<HTMLDivElement>;
}

export function Controls({ event, film, speed, changeSpeed, stage }: ControlsProps) {
  const { texts, format } = useTexts();
  const t = texts.events;
  const { time, duration, playing } = film;
  const disabled = film.phase !== 'ready';
  const at = t.positionText(format.number(time, 1), texts.durations.seconds(format.number(duration, 1)));
  const button = (name: Parameters<typeof Icon>[0]['name'], text: string, press: () => void) => (
    <Button aria-label={text} title={text} disabled={disabled} onClick={press}>
      <Icon name={name} />
    </Button>
  );
  return (
    <div className="film-controls">
      <input
        type="range"
        min={0}
        max={duration || 1}
        step={0.01}
        value={Math.min(time, duration || 1)}
        disabled={disabled}
        aria-label={t.position}
        aria-valuetext={at}
        onChange={({ target }) => film.seek(Number(target.value))}
      />
      <div className="row wrap">
        {button('replay', t.replay, film.replay)}
        {button('back', t.back, () => film.step(-1))}
        {button(playing ? 'pause' : 'play', playing ? t.pause : t.play, film.toggle)}
        {button('forward', t.forward, () => film.step(1))}
        <Select
          label={t.speed}
          hideLabel
          value={String(speed)}
          options={SPEEDS.map((times) => [String(times), t.speedTimes(format.significant(times))] as const)}
          change={(times) => changeSpeed(Number(times))}
        />
        {document.fullscreenEnabled && (
          <Button onClick={() => void turnFull(stage.current)}>{t.fullScreen}</Button>
        )}
        <span className="film-time">
          {event.clip !== null && event.ended !== null && (
            <span>{format.clock(event.clip.began + 1000 * time)}</span>
          )}{' '}
          <span className="muted">{at}</span>
        </span>
      </div>
    </div>
  );
}

const turnFull = (stage: HTMLElement | null) =>
  (document.fullscreenElement === null ? stage?.requestFullscreen() : document.exitFullscreen())?.catch(
    () => {},
  );
