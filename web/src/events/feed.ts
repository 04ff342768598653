/**
 * The events of a day as they come and go: read in pages, and kept right by the server's event stream.
 * Knows no React; time and connections come from outside, so that tests can give their own.
 */

import type { EventNews, EventRecord } from '../api/types.ts';

/** What couldn't be had is asked for again after so long. */
export const RETRY_MS = 5000;

/** Of one page of the server's. */
export interface Answer {
  total: number;
  events: EventRecord[];
  /** Where the next page begins; null: nowhere. */
  next: number | null;
}

export interface Listed extends Answer {
  /** Nothing was answered yet. */
  loading: boolean;
  error: unknown;
}

export interface Connections {
  /** Asks for one page: those older than an event, or the newest. */
  ask(before: number | null): Promise<Answer>;
  /** Opens the stream; `opened` each time it works. Returns what closes it. */
  open(opened: () => void, message: (text: string) => void, failed: () => void): () => void;
  /** Whether an event that is told of belongs to the list. */
  wanted(event: EventRecord): boolean;
}

export const NOTHING_YET: Listed = { events: [], total: 0, next: null, loading: true, error: null };

/** News that say all. */
type Told = Exclude<EventNews, { news: 'missed' }>;
type Timer = ReturnType<typeof setTimeout>;

export class EventsFeed {
  private readonly connections: Connections;
  private readonly told: (listed: Listed) => void;
  private listed: Listed = NOTHING_YET;
  private close: (() => void) | null = null;
  private retry: Timer | null = null;
  /** Counts questions, so that an answer that was overtaken is known as such. */
  private round = 0;
  /** What is told while a page is read, which may not have it yet. */
  private meanwhile: Told[] | null = null;

  constructor(connections: Connections, told: (listed: Listed) => void) {
    this.connections = connections;
    this.told = told;
  }

  start(): void {
    this.stop();
    void this.read(null);
    this.listen();
  }

  stop(): void {
    this.round += 1;
    this.meanwhile = null;
    this.close?.();
    this.close = null;
    if (this.retry !== null) clearTimeout(this.retry);
    this.retry = null;
  }

  /** Reads the next page. */
  async more(): Promise<void> {
    if (this.listed.next !== null && this.meanwhile === null) await this.read(this.listed.next);
  }

  /** Takes what was learned of an event another way than by the stream. */
  heard(news: EventNews): void {
    if (news.news === 'missed') {
      void this.read(null);
      return;
    }
    this.meanwhile?.push(news);
    this.tell(apply(this.listed, news, this.connections.wanted));
  }

  private listen(): void {
    let again = false;
    this.close = this.connections.open(
      () => {
        // What happened while it was broken wasn't told.
        if (again) void this.read(null);
        again = true;
      },
      (text) => {
        try {
          this.heard(JSON.parse(text) as EventNews);
        } catch {
          void this.read(null);
        }
      },
      () => {
        this.close?.();
        this.close = null;
        this.retry ??= setTimeout(() => {
          this.retry = null;
          this.listen();
          void this.read(null);
        }, RETRY_MS);
      },
    );
  }

  private async read(before: number | null): Promise<void> {
    this.round += 1;
    const mine = this.round;
    this.meanwhile = [];
    try {
      const answer = await this.connections.ask(before);
      if (mine !== this.round) return;
      const news = this.meanwhile;
      this.meanwhile = null;
      const joined = before === null ? refreshed(this.listed, answer) : followed(this.listed, answer);
      this.tell(news.reduce((listed, news) => apply(listed, news, this.connections.wanted), joined));
    } catch (error) {
      if (mine !== this.round) return;
      this.meanwhile = null;
      this.tell({ ...this.listed, loading: false, error: error ?? new Error() });
      if (before !== null) return;
      this.retry ??= setTimeout(() => {
        this.retry = null;
        void this.read(null);
        if (this.close === null) this.listen();
      }, RETRY_MS);
    }
  }

  private tell(listed: Listed): void {
    this.listed = listed;
    this.told(listed);
  }
}

/** The newest page again. Older ones that were read stay, so that nothing jumps, unless there may be others between. */
function refreshed(before: Listed, answer: Answer): Listed {
  const oldest = answer.events.at(-1)?.id ?? 0;
  const follows = answer.next !== null && (before.events[0]?.id ?? 0) >= oldest;
  const older = follows ? before.events.filter(({ id }) => id < oldest) : [];
  return {
    ...answer,
    events: [...answer.events, ...older],
    next: older.length > 0 ? before.next : answer.next,
    loading: false,
    error: null,
  };
}

/** The next page. */
function followed(before: Listed, answer: Answer): Listed {
  const known = new Set(before.events.map(({ id }) => id));
  return {
    ...answer,
    events: [...before.events, ...answer.events.filter(({ id }) => !known.has(id))],
    total: before.total,
    loading: false,
    error: null,
  };
}

/** The list after some news, the newest event first. */
export function apply(listed: Listed, news: Told, wanted: (event: EventRecord) => boolean): Listed {
  const event = news.news === 'deleted' ? null : news.event;
  const id = event === null ? (news as { id: number }).id : event.id;
  const place = listed.events.findIndex((other) => other.id <= id);
  const known = place >= 0 && listed.events[place]?.id === id;
  const events = [...listed.events];
  if (event !== null && wanted(event)) {
    if (known) events[place] = event;
    // One that is older than all that was read is on a page that wasn't.
    else if (place < 0 && listed.next !== null) return listed;
    else events.splice(place < 0 ? events.length : place, 0, event);
    return { ...listed, events, total: listed.total + (known ? 0 : 1) };
  }
  if (!known) return listed;
  events.splice(place, 1);
  return { ...listed, events, total: Math.max(0, listed.total - 1) };
}
