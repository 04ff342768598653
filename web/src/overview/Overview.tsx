/** All cameras in one picture, each a button that leads to it. One stream, for browsers keep six connections to a server. */

import { type CSSProperties, useMemo } from 'react';
import { useStatus } from '../api/status.tsx';
import type { Status } from '../api/types.ts';
import { useCameras } from '../cameras.tsx';
import { Stream } from '../live/Stream.tsx';
import { useTexts } from '../texts/index.tsx';
import { columns } from './grid.ts';

const VIEW = { overlay: true, fps: null, quality: null };

export function Overview() {
  const { texts } = useTexts();
  const { status } = useStatus();
  const { cameras, choose } = useCameras();
  // The status counts the viewers of one camera, which may be stopped.
  const heard = useMemo<Status | null>(() => status && { ...status, viewers: 1 }, [status]);
  const look = (name: string) => {
    choose(name);
    location.hash = 'live';
  };
  return (
    <div className="overview">
      <h1 className="unseen">{texts.pages.overview}</h1>
      <Stream
        path="live/all"
        view={VIEW}
        alt={texts.overview.picture}
        ratio={null}
        wanted={status !== null}
        heard={heard}
        cover={texts.live.waiting}
      >
        <ul className="places" style={{ '--columns': columns(cameras.length) } as CSSProperties}>
          {cameras.map(({ name }) => (
            <li key={name}>
              <button type="button" aria-label={texts.overview.look(name)} onClick={() => look(name)} />
            </li>
          ))}
        </ul>
      </Stream>
    </div>
  );
}
