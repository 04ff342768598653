/**
 * Keeps the one MJPEG stream of the page alive: begins it, tries again after a failure, and begins it anew where it must have
 * ended, since browsers say nothing of the end of such a stream. Knows no React and no picture.
 */

import type { Status } from '../api/types.ts';

/** The guide's wait before a broken stream is tried again. */
export const RETRY_MS = 2000;
/** Browsers keep memory for each picture of a stream until it ends. */
export const RENEW_MS = 5 * 60_000;
/** The server counts no viewer for so long although the stream is open here: it has ended. */
export const UNSEEN_MS = 2500;

/** Frames come and the picture has been the same for so long: the stream hangs somewhere on the way. */
export const FROZEN_MS = 10_000;

export interface Shown {
  /** When the stream began, for its address; null: there is none. */
  began: number | null;
  /** A picture has come. */
  loaded: boolean;
  /** It broke off and is tried again. */
  broken: boolean;
}

const NONE: Shown = { began: null, loaded: false, broken: false };

export class StreamKeeper {
  private shown: Shown = NONE;
  private wanted = false;
  private retry: ReturnType<typeof setTimeout> | null = null;
  private before: Status | null = null;
  private unseenSince: number | null = null;
  private sample: { picture: string; frames: number; since: number; tried: boolean } | null = null;
  private readonly told: (shown: Shown) => void;

  constructor(told: (shown: Shown) => void) {
    this.told = told;
  }

  /** Whether there is something to show and somebody to see it. */
  want(wanted: boolean): void {
    this.wanted = wanted;
    if (!wanted) this.end();
    else if (this.shown.began === null && this.retry === null) this.begin();
  }

  /** Judges by what the server says whether the stream can still be there. */
  heard(status: Status | null): void {
    const before = this.before;
    this.before = status;
    if (!this.wanted || this.shown.began === null || status === null) return;
    const now = Date.now();
    if (status.viewers > 0) this.unseenSince = null;
    else this.unseenSince ??= now;
    const unseen = this.unseenSince !== null && now - this.unseenSince >= UNSEEN_MS;
    // A server that was away doesn't know of the stream, nor does one that began anew.
    const back = before === null;
    const restarted = uptime(before) > uptime(status);
    const old = now - this.shown.began >= RENEW_MS;
    if (unseen || back || restarted || old) this.begin();
  }

  /** Takes what the picture looks like now. One that doesn't change is begun anew, once: it may really be still. */
  sampled(picture: string): void {
    const frames = this.before?.anomaly_stats?.total_frames_analyzed ?? 0;
    const now = Date.now();
    if (this.sample?.picture !== picture) {
      this.sample = { picture, frames, since: now, tried: false };
      return;
    }
    // Without new frames there is nothing new to show.
    if (frames === this.sample.frames || this.shown.began === null) this.sample.since = now;
    this.sample.frames = frames;
    if (!this.sample.tried && now - this.sample.since >= FROZEN_MS) {
      this.sample.tried = true;
      this.begin();
    }
  }

  loaded(): void {
    if (this.shown.began !== null && !this.shown.loaded)
      this.tell({ ...this.shown, loaded: true, broken: false });
  }

  failed(): void {
    if (this.shown.began === null) return;
    this.tell({ ...NONE, broken: true });
    this.retry = setTimeout(() => {
      this.retry = null;
      if (this.wanted) this.begin();
    }, RETRY_MS);
  }

  /** Ends the stream and all waiting. */
  end(): void {
    if (this.retry !== null) clearTimeout(this.retry);
    this.retry = null;
    this.unseenSince = null;
    if (this.shown !== NONE) this.tell(NONE);
  }

  private begin(): void {
    if (this.retry !== null) clearTimeout(this.retry);
    this.retry = null;
    this.unseenSince = null;
    // Over a picture that is there the next stream begins without a gap.
    this.tell({ began: Date.now(), loaded: this.shown.loaded, broken: this.shown.broken });
  }

  private tell(shown: Shown): void {
    this.shown = shown;
    this.told(shown);
  }
}

const uptime = (status: Status | null) => status?.process?.uptime_seconds ?? 0;
