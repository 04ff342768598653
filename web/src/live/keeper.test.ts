import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Status } from '../api/types.ts';
import { FROZEN_MS, RENEW_MS, RETRY_MS, type Shown, StreamKeeper, UNSEEN_MS } from './keeper.ts';

const status = (viewers: number, uptime_seconds = 100, total_frames_analyzed = 0) =>
  ({
    viewers,
    process: { uptime_seconds, memory_bytes: 1 },
    anomaly_stats: { total_frames_analyzed },
  }) as Status;

describe('the keeper of the stream', () => {
  let told: Shown[];
  let keeper: StreamKeeper;
  const now = () => told.at(-1) ?? { began: null, loaded: false, broken: false };

  beforeEach(() => {
    vi.useFakeTimers({ now: 1_000_000 });
    told = [];
    keeper = new StreamKeeper((shown) => told.push(shown));
    keeper.heard(status(1));
    keeper.want(true);
    keeper.loaded();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('begins once and shows the picture when it comes', () => {
    keeper.want(true);
    expect(told.map((shown) => [shown.began, shown.loaded])).toEqual([
      [1_000_000, false],
      [1_000_000, true],
    ]);
  });

  it('tries again two seconds after a failure, and not before', () => {
    keeper.failed();
    expect(now()).toEqual({ began: null, loaded: false, broken: true });
    keeper.want(true);
    vi.advanceTimersByTime(RETRY_MS - 1);
    expect(now().began).toBeNull();
    vi.advanceTimersByTime(1);
    expect(now().began).toBe(1_000_000 + RETRY_MS);
    keeper.loaded();
    expect(now().broken).toBe(false);
  });

  it('ends at once when nobody looks, and tries nothing then', () => {
    keeper.failed();
    keeper.want(false);
    vi.advanceTimersByTime(60_000);
    expect(now().began).toBeNull();
  });

  it('begins anew when the server counts no viewer for a while', () => {
    keeper.heard(status(0));
    vi.advanceTimersByTime(UNSEEN_MS - 1);
    keeper.heard(status(0));
    expect(now().began).toBe(1_000_000);
    vi.advanceTimersByTime(1);
    keeper.heard(status(0));
    expect(now().began).toBe(1_000_000 + UNSEEN_MS);
    // The old picture stays until the new one is there.
    expect(now().loaded).toBe(true);
  });

  it('begins anew with a server that was away, and with one that began anew', () => {
    vi.advanceTimersByTime(10);
    keeper.heard(null);
    keeper.heard(status(1));
    expect(now().began).toBe(1_000_010);
    vi.advanceTimersByTime(10);
    keeper.heard(status(1, 2));
    expect(now().began).toBe(1_000_020);
  });

  describe('with a picture that doesn’t change', () => {
    /** Looks at the picture each second, of which so many new frames came. */
    const look = (picture: string, seconds: number, framesASecond: number) => {
      for (let second = 1; second <= seconds; second += 1) {
        vi.advanceTimersByTime(1000);
        frames += framesASecond;
        keeper.heard(status(2, 100, frames));
        keeper.sampled(picture);
      }
    };
    let frames = 0;

    it('begins anew once while frames come: the stream hangs, or the scene is still', () => {
      look('a', 1 + FROZEN_MS / 1000, 25);
      const began = now().began;
      expect(began).toBe(1_000_000 + 1000 + FROZEN_MS);
      look('a', 60, 25);
      expect(now().began).toBe(began);
      look('b', 1, 25);
      look('b', FROZEN_MS / 1000, 25);
      expect(now().began).toBeGreaterThan(began ?? 0);
    });

    it('waits while no frames come', () => {
      look('a', 60, 0);
      expect(now().began).toBe(1_000_000);
    });
  });

  it('begins anew after some minutes, for the browser keeps each picture', () => {
    vi.advanceTimersByTime(RENEW_MS);
    keeper.heard(status(1));
    expect(now().began).toBe(1_000_000 + RENEW_MS);
  });
});
