/** An MJPEG stream, kept alive, and words where there is no picture. Knows not of what. */

import { type CSSProperties, type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import { address } from '../api/client.ts';
import type { Status } from '../api/types.ts';
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
  /** Its address, from the page's folder on. */
  path: string;
  view: View;
  /** What it shows, for those who can't see it. */
  alt: string;
  /** Width by height; null: the picture's own, once it is there. */
  ratio: number | null;
  /** There is something to show. */
  wanted: boolean;
  /** By what the server says the stream is taken for alive. */
  heard: Status | null;
  /** What is said over the picture's place while there is none. */
  cover: ReactNode;
  children?: ReactNode;
}

export function Stream({ path, view, alt, ratio, wanted, heard, cover, children }: Props) {
  const { texts } = useTexts();
  const [shown, setShown] = useState<Shown>({ began: null, loaded: false, broken: false });
  const [hidden, setHidden] = useState(document.hidden);
  const [own, setOwn] = useState(4 / 3);
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

  useEffect(() => keeper.heard(heard), [keeper, heard]);

  const seen = wanted && !hidden;
  useEffect(() => keeper.want(seen), [keeper, seen]);

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

  const load = () => {
    keeper.loaded();
    const { naturalWidth, naturalHeight } = image.current ?? { naturalWidth: 0, naturalHeight: 0 };
    if (naturalWidth > 0 && naturalHeight > 0) setOwn(naturalWidth / naturalHeight);
  };
  return (
    <div className="screen" style={{ '--ratio': ratio ?? own } as CSSProperties}>
      <img
        ref={image}
        alt={alt}
        className={visible ? '' : 'unshown'}
        onLoad={load}
        onError={() => keeper.failed()}
      />
      {!visible && <div className="cover">{shown.broken && seen ? texts.live.reconnecting : cover}</div>}
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
