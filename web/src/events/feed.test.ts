import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EventRecord } from '../api/types.ts';
import { example } from './example.ts';
import { type Answer, type Connections, EventsFeed, type Listed, RETRY_MS } from './feed.ts';

/** A server whose answers and stream the test decides on. */
class Server implements Connections {
  asked: (number | null)[] = [];
  answers: (Answer | null | Promise<Answer>)[] = [];
  streams: { opened: () => void; message: (text: string) => void; failed: () => void; open: boolean }[] = [];
  kept = false;

  async ask(before: number | null) {
    this.asked.push(before);
    const answer = await (this.answers.shift() ?? null);
    if (answer === null) throw new Error('unreachable');
    return answer;
  }

  open(opened: () => void, message: (text: string) => void, failed: () => void) {
    const stream = { opened, message, failed, open: true };
    this.streams.push(stream);
    return () => {
      stream.open = false;
    };
  }

  wanted = (event: EventRecord) => !this.kept || event.keep;

  tell(news: unknown) {
    this.streams.at(-1)?.message(JSON.stringify(news));
  }
}

const page = (ids: number[], next: number | null = null, total = ids.length): Answer => ({
  total,
  events: ids.map((id) => example(id)),
  next,
});

describe('the list of events', () => {
  let server: Server;
  let listed: Listed;
  let feed: EventsFeed;
  const ids = () => listed.events.map(({ id }) => id);
  const turn = () => vi.advanceTimersByTimeAsync(0);

  beforeEach(() => {
    vi.useFakeTimers();
    server = new Server();
    feed = new EventsFeed(server, (told) => {
      listed = told;
    });
  });
  afterEach(() => {
    feed.stop();
    vi.useRealTimers();
  });

  const begin = async (...answers: Server['answers']) => {
    server.answers = answers;
    feed.start();
    await turn();
  };

  it('is read, and grows page by page', async () => {
    await begin(page([9, 8], 8, 4), page([7, 6], null, 4));
    expect([ids(), listed.total, listed.next]).toEqual([[9, 8], 4, 8]);
    await feed.more();
    expect(ids()).toEqual([9, 8, 7, 6]);
    await feed.more();
    expect(server.asked).toEqual([null, 8]);
  });

  it('follows what is told', async () => {
    await begin(page([9, 8]));
    server.tell({ news: 'began', event: example(10, { ended: null }) });
    expect([ids(), listed.total]).toEqual([[10, 9, 8], 3]);
    server.tell({ news: 'ended', event: example(10, { tracks: 4 }) });
    expect([ids(), listed.total, listed.events[0]?.tracks]).toEqual([[10, 9, 8], 3, 4]);
    server.tell({ news: 'deleted', id: 9 });
    server.tell({ news: 'deleted', id: 9 });
    expect([ids(), listed.total]).toEqual([[10, 8], 2]);
  });

  it('has none that isn’t wanted, or not any more', async () => {
    server.kept = true;
    await begin({ ...page([]), events: [example(9, { keep: true })], total: 1 });
    server.tell({ news: 'began', event: example(10) });
    expect(ids()).toEqual([9]);
    server.tell({ news: 'changed', event: example(9) });
    expect([ids(), listed.total]).toEqual([[], 0]);
  });

  it('leaves out what is on a page that wasn’t read', async () => {
    await begin(page([9, 8], 8, 4));
    server.tell({ news: 'changed', event: example(3) });
    expect([ids(), listed.total]).toEqual([[9, 8], 4]);
  });

  it('loses nothing that is told while it is read', async () => {
    let answer: (answer: Answer) => void = () => {};
    await begin(
      new Promise<Answer>((resolve) => {
        answer = resolve;
      }),
    );
    server.tell({ news: 'began', event: example(10) });
    server.tell({ news: 'deleted', id: 8 });
    answer(page([9, 8]));
    await turn();
    expect(ids()).toEqual([10, 9]);
  });

  it('is read again when something was missed, and keeps its older pages', async () => {
    await begin(page([9, 8], 8, 4), page([7, 6], null, 4), page([10, 9], 9, 5), page([40, 39], 39, 30));
    await feed.more();
    server.tell({ news: 'missed' });
    await turn();
    expect(server.asked).toEqual([null, 8, null]);
    expect([ids(), listed.total, listed.next]).toEqual([[10, 9, 8, 7, 6], 5, null]);
    // So much was missed that there are others between.
    server.tell({ news: 'missed' });
    await turn();
    expect([ids(), listed.next]).toEqual([[40, 39], 39]);
  });

  it('is read again when the stream works again', async () => {
    await begin(page([9]), page([10, 9]));
    server.streams[0]?.opened();
    expect(server.asked).toEqual([null]);
    server.streams[0]?.opened();
    await turn();
    expect(ids()).toEqual([10, 9]);
  });

  it('opens a broken stream anew, one at a time', async () => {
    await begin(page([9]), page([10, 9]));
    server.streams[0]?.failed();
    server.streams[0]?.failed();
    await vi.advanceTimersByTimeAsync(RETRY_MS);
    expect(server.streams.map(({ open }) => open)).toEqual([false, true]);
    expect(ids()).toEqual([10, 9]);
  });

  it('says what went wrong, keeps what it has, and asks again', async () => {
    await begin(page([9]), null, page([10, 9]));
    server.tell({ news: 'missed' });
    await turn();
    expect(listed.error).toBeInstanceOf(Error);
    expect(ids()).toEqual([9]);
    await vi.advanceTimersByTimeAsync(RETRY_MS);
    expect([ids(), listed.error]).toEqual([[10, 9], null]);
  });

  it('tells nothing after it was stopped', async () => {
    await begin(page([9]));
    const before = listed;
    server.answers = [page([10])];
    server.tell({ news: 'missed' });
    feed.stop();
    await vi.advanceTimersByTimeAsync(10 * RETRY_MS);
    expect(listed).toBe(before);
    expect(server.streams.every(({ open }) => !open)).toBe(true);
  });
});
