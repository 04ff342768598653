/** The events of a day, for components. */

import { useCallback, useEffect, useRef, useState } from 'react';
import { address, get } from '../api/client.ts';
import type { EventNews, EventRecord } from '../api/types.ts';
import { type Span, spanOf } from './day.ts';
import { type Answer, type Connections, EventsFeed, type Listed, NOTHING_YET } from './feed.ts';
import { type Filter, matches } from './place.ts';

/** A strip of the day needs them all, and most days have fewer. */
const PAGE_SIZE = 500;

/** The address of one of an event's files. */
export const fileOf = (
  { id }: { id: number },
  file: 'thumbnail.jpg' | 'snapshot.jpg' | 'clip.mp4' | 'recording.mp4',
) => `api/events/${id}/${file}`;

export const exportOf = (ids: number[]) => address('api/events/export.zip', { ids: ids.join(',') });

function connections(filter: Filter, span: Span): Connections {
  const { kept, ...texts } = filter;
  return {
    ask(before) {
      const query = { ...texts, keep: kept ? 1 : null, ...span, before, limit: PAGE_SIZE };
      return get<Answer>(address('api/events', query));
    },
    open(opened, message, failed) {
      const source = new EventSource('api/events/stream');
      source.onopen = opened;
      source.onmessage = (event: MessageEvent<string>) => message(event.data);
      source.onerror = () => {
        // Otherwise the browser tries again by itself.
        if (source.readyState === EventSource.CLOSED) failed();
      };
      return () => source.close();
    },
    wanted: (event: EventRecord) =>
      matches(event, filter) && event.began < span.to && (event.ended ?? Date.now()) >= span.from,
  };
}

export interface Events extends Listed {
  more: () => void;
  heard: (news: EventNews) => void;
}

/** Follows a day's events while the page is seen. */
export function useEvents({ camera, state, type, severity, zone, kept }: Filter, day: string): Events {
  const [listed, setListed] = useState<Listed>(NOTHING_YET);
  const feed = useRef<EventsFeed | null>(null);
  useEffect(() => {
    setListed(NOTHING_YET);
    const filter = { camera, state, type, severity, zone, kept };
    const mine = new EventsFeed(connections(filter, spanOf(day)), setListed);
    feed.current = mine;
    const follow = () => (document.hidden ? mine.stop() : mine.start());
    follow();
    document.addEventListener('visibilitychange', follow);
    return () => {
      document.removeEventListener('visibilitychange', follow);
      mine.stop();
    };
  }, [camera, state, type, severity, zone, kept, day]);
  const more = useCallback(() => void feed.current?.more(), []);
  const heard = useCallback((news: EventNews) => feed.current?.heard(news), []);
  return { ...listed, more, heard };
}
