/** What happened: a day's events as a strip and as a list, and one of them to be looked at. */

import { useCallback, useEffect, useRef, useState } from 'react';
import { get } from '../api/client.ts';
import type { EventNews, EventRecord, EventStorage } from '../api/types.ts';
import { usePolled } from '../parts/hooks.ts';
import { Button, Card, Dialog, Loading, Page, Problem } from '../parts/Parts.tsx';
import { Keeping } from '../settings/Keeping.tsx';
import { useTexts } from '../texts/index.tsx';
import { DayChooser } from './DayChooser.tsx';
import { dayOf } from './day.ts';
import { Chosen, Entries, entryId } from './Entries.tsx';
import { Filters } from './Filters.tsx';
import { Player } from './Player.tsx';
import { isFiltered, matches } from './place.ts';
import { StorageLine } from './StorageLine.tsx';
import { Strip } from './Strip.tsx';
import { useEvents } from './useEvents.ts';
import { useLooked } from './useLooked.ts';
import { usePlace } from './usePlace.ts';

const STORAGE_PERIOD_MS = 10_000;
/** The strip's present moves so often. */
const NOW_PERIOD_MS = 10_000;
/** Entries of the list; the strip shows more. */
const AT_ONCE = 60;
/** The strip wants the whole day, but no browser draws any number. */
const MOST_IN_STRIP = 3000;

const askStorage = () => get<EventStorage>('api/events/storage');

export function Events() {
  const { texts, format } = useTexts();
  const [place, go] = usePlace();
  const now = useNow();
  const today = dayOf(now);
  const day = place.day ?? today;
  const { events, total, next, loading, error, more, heard } = useEvents(place, day);
  const { answer: storage, again: askStorageAgain } = usePolled(askStorage, STORAGE_PERIOD_MS);
  const [many, setMany] = useState(AT_ONCE);
  const [marked, setMarked] = useState<Set<number>>(new Set());
  const [current, setCurrent] = useState<number | null>(null);
  const t = texts.events;

  const shown = events.slice(0, many);
  const there = new Set(events.filter(({ id }) => marked.has(id)).map(({ id }) => id));
  const index = events.findIndex(({ id }) => id === place.event);
  const { looked, gone, put } = useLooked(place.event, events[index], loading);

  useEffect(() => {
    if (next !== null && events.length < MOST_IN_STRIP) more();
  }, [next, events.length, more]);
  // An address of an event that says nothing of a day.
  useEffect(() => {
    if (looked === null || place.event === null || place.day !== null) return;
    if (dayOf(looked.began) !== today && matches(looked, place)) go({ day: dayOf(looked.began) }, true);
  }, [looked, place, today, go]);
  useEffect(() => {
    if (place.event !== null) setCurrent(place.event);
  }, [place.event]);
  useFocusBack(place.event);

  const open = useCallback(
    (event: EventRecord) => go({ event: event.id, day }, place.event !== null),
    [go, day, place.event],
  );
  const close = () => go({ event: null, day: day === today ? null : day }, true);
  const told = (news: EventNews) => {
    if ('event' in news) put(news.event);
    heard(news);
  };
  const showMore = () => {
    setMany(many + AT_ONCE);
    if (many + AT_ONCE > events.length) more();
  };

  return (
    <Page heading={t.heading}>
      <Card>
        <div className="row wrap between">
          <DayChooser day={day} today={today} change={(day) => go({ day })} />
          <StorageLine storage={storage} now={now} />
        </div>
        <Strip
          {...{ day, now, events, open, current }}
          camera={place.camera}
          choose={({ id }) => setCurrent(id)}
        />
        <p className="muted hint strip-hint">{t.stripHint}</p>
        <Filters filter={place} events={events} change={(filter) => go(filter, true)} />
      </Card>
      <Keeping table="events" changed={() => void askStorageAgain()} />
      <Problem error={error} />
      {loading && error === null && <Loading />}
      {!loading && total === 0 && (
        <Card>
          <p className="muted">{isFiltered(place) ? t.noneFiltered : t.none}</p>
        </Card>
      )}
      {total > 0 && (
        <p className="muted" role="status">
          {t.count(format.number(shown.length), format.number(total))}
        </p>
      )}
      <Chosen shown={shown} chosen={there} choose={setMarked} />
      <Entries events={shown} chosen={there} choose={setMarked} current={current} open={open} />
      {(events.length > many || next !== null) && <Button onClick={showMore}>{t.more}</Button>}
      {looked !== null && (
        <Player
          event={looked}
          older={index < 0 ? undefined : events[index + 1]}
          newer={index < 0 ? undefined : events[index - 1]}
          {...{ go: open, close }}
          heard={told}
        />
      )}
      {gone && (
        <Dialog heading={t.gone} close={close}>
          <div className="row end">
            <Button onClick={close}>{t.close}</Button>
          </div>
        </Dialog>
      )}
    </Page>
  );
}

/** Now, roughly. */
function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), NOW_PERIOD_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/** Who has looked at an event is back where they were, or at the event that they saw last. */
function useFocusBack(event: number | null) {
  const first = useRef<{ event: number; from: Element | null } | null>(null);
  const last = useRef<number | null>(null);
  if (event !== null && first.current === null) first.current = { event, from: document.activeElement };
  useEffect(() => {
    if (event !== null) {
      last.current = event;
      return;
    }
    if (first.current === null || last.current === null) return;
    const { event: opened, from } = first.current;
    const entry = document.getElementById(entryId(last.current));
    const back = opened === last.current && from?.isConnected === true ? from : entry;
    (back as HTMLElement | null)?.focus();
    first.current = null;
    last.current = null;
  }, [event]);
}
