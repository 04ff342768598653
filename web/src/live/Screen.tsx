/** The live picture: the one MJPEG stream of the page, and words where there is none. */

import { type CSSProperties, type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import { address } from '../api/client.ts';
import { useStatus } from '../api/status.tsx';
import { useCameras } from '../cameras.tsx';
import { useTexts } from '../texts/index.tsx';
import { type Shown, StreamKeeper } from './keeper.ts';

/** A look at the picture, now and then, shows whether it changes. */
const SAMPLE_MS = 2000;
const SAMPLE_WIDTH = 64;
const SAMPLE_HEIGHT = 48;

export interface View {
  /** Boxes, labels and state drawn into the picture. */
  overlay: boolean;
  /** At most so many pictures a second; null: all. */
  fps: number | null;
  /** JPEG quality; null: what is configured. */
  quality: number | null;
}

interface Props {
  view: View;
  /** Something is under way that must not show a picture. */
  held?: boolean;
  /** What is said over the picture's place while there is none. */
  cover: ReactNode;
  children?: ReactNode;
}

export function Screen({ view, held = false, cover, children }: Props) {
  const { texts } = useTexts();
  const { status } = useStatus();
  const { chosen, camera } = useCameras();
  const [shown, setShown] = useState<Shown>({ began: null, loaded: false, broken: false });
  const [hidden, setHidden] = useState(document.hidden);
  const keeper = useMemo(() => new StreamKeeper(setShown), []);
  const image = useRef<HTMLImageElement>(null);
  const { overlay, fps, quality } = view;

  useEffect(() => {
    const follow = () => setHidden(document.hidden);
    document.addEventListener('visibilitychange', follow);
    return () => {
      document.removeEventListener('visibilitychange', follow);
      keeper.end();
    };
  }, [keeper]);

  useEffect(() => keeper.heard(status), [keeper, status]);

  const wanted = status?.streaming === true && !held && !hidden;
  useEffect(() => keeper.want(wanted), [keeper, wanted]);

  const path = chosen === null ? 'live' : `live/${encodeURIComponent(chosen)}`;
  const query = { overlay: overlay ? null : 0, fps, quality };
  const source = shown.began === null ? null : address(path, { t: shown.began, ...query });
  useEffect(() => {
    const element = image.current;
    if (element === null) return undefined;
    // Without a source the browser would go on reading the old stream.
    if (source === null) element.removeAttribute('src');
    else element.src = source;
    return undefined;
  }, [source]);
  // A picture that leaves the page must not leave its connection behind.
  useEffect(() => {
    const element = image.current;
    return () => element?.removeAttribute('src');
  }, []);

  const visible = shown.began !== null && shown.loaded;
  useEffect(() => {
    if (!visible) return undefined;
    const look = looker();
    const timer = setInterval(() => {
      if (image.current !== null) keeper.sampled(look(image.current));
    }, SAMPLE_MS);
    return () => clearInterval(timer);
  }, [keeper, visible]);

  const opened = camera?.opened;
  const ratio = opened === null || opened === undefined ? 4 / 3 : opened.width / opened.height;
  return (
    <div className="screen" style={{ '--ratio': ratio } as CSSProperties}>
      <img
        ref={image}
        alt={texts.live.picture(status?.camera ?? '')}
        className={visible ? '' : 'unshown'}
        onLoad={() => keeper.loaded()}
        onError={() => keeper.failed()}
      />
      {!visible && <div className="cover">{shown.broken && wanted ? texts.live.reconnecting : cover}</div>}
      {children}
    </div>
  );
}

/** Makes a short text of a picture: another one for each other picture. */
function looker(): (image: HTMLImageElement) => string {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [SAMPLE_WIDTH, SAMPLE_HEIGHT];
  const context = canvas.getContext('2d', { willReadFrequently: true });
  return (image) => {
    context?.drawImage(image, 0, 0, SAMPLE_WIDTH, SAMPLE_HEIGHT);
    const pixels = context?.getImageData(0, 0, SAMPLE_WIDTH, SAMPLE_HEIGHT).data ?? [];
    let hash = 0;
    for (const sample of pixels) hash = (Math.imul(hash, 31) + sample) | 0;
    return String(hash);
  };
}
