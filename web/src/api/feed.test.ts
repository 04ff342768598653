import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Connections, POLL_MS, SILENCE_MS, StatusFeed } from './feed.ts';
import type { Status } from './types.ts';

const status = (camera: string) => ({ camera }) as Status;

/** A server whose stream and answers the test decides on. */
class Server implements Connections {
  streams: { message: (text: string) => void; failed: () => void; open: boolean }[] = [];
  answers: (Status | null)[] = [];
  asked = 0;

  open(message: (text: string) => void, failed: () => void) {
    const stream = { message, failed, open: true };
    this.streams.push(stream);
    return () => {
      stream.open = false;
    };
  }

  async ask() {
    this.asked += 1;
    const answer = this.answers.shift() ?? null;
    if (answer === null) throw new Error('unreachable');
    return answer;
  }

  get stream() {
    const stream = this.streams.at(-1);
    if (stream === undefined) throw new Error('no stream was opened');
    return stream;
  }
}

describe('the feed of statuses', () => {
  let server: Server;
  let told: (Status | null)[];
  let feed: StatusFeed;

  beforeEach(() => {
    vi.useFakeTimers();
    server = new Server();
    told = [];
    feed = new StatusFeed(server, (status) => told.push(status));
    feed.start();
  });
  afterEach(() => {
    feed.stop();
    vi.useRealTimers();
  });

  it('tells what the stream says and asks nothing while it does', async () => {
    server.stream.message('{"camera":"a"}');
    await vi.advanceTimersByTimeAsync(SILENCE_MS - 1);
    server.stream.message('{"camera":"b"}');
    await vi.advanceTimersByTimeAsync(SILENCE_MS - 1);
    expect(told).toEqual([status('a'), status('b')]);
    expect(server.asked).toBe(0);
  });

  it('asks each second when the stream fails', async () => {
    server.answers = [status('a'), status('b'), null];
    server.stream.failed();
    await vi.advanceTimersByTimeAsync(0);
    expect(told).toEqual([status('a')]);
    await vi.advanceTimersByTimeAsync(2 * POLL_MS);
    expect(told).toEqual([status('a'), status('b'), null]);
    expect(server.streams[0]?.open).toBe(false);
  });

  it('takes a stream that is silent for a broken one', async () => {
    server.answers = [status('a')];
    await vi.advanceTimersByTimeAsync(SILENCE_MS);
    expect(told).toEqual([status('a')]);
  });

  it('takes nonsense for a broken stream', async () => {
    server.answers = [status('a')];
    server.stream.message('{');
    await vi.advanceTimersByTimeAsync(0);
    expect(told).toEqual([status('a')]);
  });

  it('goes back to the stream and stops asking', async () => {
    server.stream.failed();
    await vi.advanceTimersByTimeAsync(5000);
    expect(server.streams).toHaveLength(2);
    const asked = server.asked;
    server.stream.message('{"camera":"c"}');
    await vi.advanceTimersByTimeAsync(SILENCE_MS - 1);
    expect(server.asked).toBe(asked);
    expect(told.at(-1)).toEqual(status('c'));
  });

  it('asks on while a stream is tried that says nothing', async () => {
    server.stream.failed();
    await vi.advanceTimersByTimeAsync(5000 + SILENCE_MS - 1);
    expect(server.streams).toHaveLength(2);
    expect(server.asked).toBe(10);
  });

  it('has no more than one stream open', async () => {
    for (let round = 0; round < 5; round += 1) {
      server.stream.failed();
      await vi.advanceTimersByTimeAsync(5000);
    }
    expect(server.streams.filter((stream) => stream.open)).toHaveLength(1);
  });

  it('says nothing after it was stopped', async () => {
    server.answers = [status('late')];
    server.stream.failed();
    feed.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(told).toEqual([]);
    expect(server.streams.every((stream) => !stream.open)).toBe(true);
  });
});
