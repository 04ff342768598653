/** The live picture of the camera that is looked at. */

import type { ReactNode } from 'react';
import { useStatus } from '../api/status.tsx';
import { useCameras } from '../cameras.tsx';
import { useTexts } from '../texts/index.tsx';
import { Stream, type View } from './Stream.tsx';

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
  const opened = camera?.opened;
  return (
    <Stream
      path={chosen === null ? 'live' : `live/${encodeURIComponent(chosen)}`}
      view={view}
      alt={texts.live.picture(status?.camera ?? '')}
      ratio={opened === null || opened === undefined ? 4 / 3 : opened.width / opened.height}
      wanted={status?.streaming === true && !held}
      heard={status}
      cover={cover}
    >
      {children}
    </Stream>
  );
}
