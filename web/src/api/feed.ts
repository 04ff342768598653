/**
 * The camera's status as it changes: by the server's event stream, and while that can't be had by asking each second.
 * Knows no React; time and connections come from outside, so that tests can give their own.
 */

import type { Status } from './types.ts';

/** The guide's interval for asking. */
export const POLL_MS = 1000;
/** A stream that is silent for so long is dead, whatever the browser believes: it sends at least once a second. */
export const SILENCE_MS = 5000;
/** While asking, the stream is tried again so often. */
const RETRY_MS = 5000;

export interface Connections {
  /** Opens an event stream; each message goes to `message`, and its end to `failed`. Returns what closes it. */
  open(message: (text: string) => void, failed: () => void): () => void;
  /** Asks once; rejects if there is no answer. */
  ask(): Promise<Status>;
}

type Timer = ReturnType<typeof setTimeout>;

export class StatusFeed {
  private readonly connections: Connections;
  private readonly told: (status: Status | null) => void;
  private close: (() => void) | null = null;
  /** The stream has been silent for too long. */
  private silence: Timer | null = null;
  /** The stream is tried again. */
  private retry: Timer | null = null;
  /** The next question. */
  private poll: Timer | null = null;
  /** Which series of questions is under way, so that a late answer is known as such; 0: none. */
  private asking = 0;
  private running = false;

  /** `told` gets each status, and null once the server can't be reached. */
  constructor(connections: Connections, told: (status: Status | null) => void) {
    this.connections = connections;
    this.told = told;
  }

  start(): void {
    this.stop();
    this.running = true;
    this.openStream();
  }

  stop(): void {
    this.running = false;
    this.closeStream();
    this.stopAsking();
    if (this.retry !== null) clearTimeout(this.retry);
    this.retry = null;
  }

  private openStream(): void {
    this.retry = null;
    this.closeStream();
    const failed = () => this.fallBack();
    this.close = this.connections.open((text) => this.heard(text), failed);
    this.silence = setTimeout(failed, SILENCE_MS);
  }

  private heard(text: string): void {
    if (!this.running || this.close === null) return;
    let status: Status;
    try {
      status = JSON.parse(text) as Status;
    } catch {
      this.fallBack();
      return;
    }
    // Only now is it known to work: until then it was asked on.
    this.stopAsking();
    if (this.silence !== null) clearTimeout(this.silence);
    this.silence = setTimeout(() => this.fallBack(), SILENCE_MS);
    this.told(status);
  }

  /** Asks each second, and tries the stream again now and then. */
  private fallBack(): void {
    if (!this.running) return;
    this.closeStream();
    this.retry ??= setTimeout(() => this.openStream(), RETRY_MS);
    if (this.asking === 0) {
      this.asking = nextSeries();
      void this.ask(this.asking);
    }
  }

  private async ask(series: number): Promise<void> {
    let status: Status | null = null;
    try {
      status = await this.connections.ask();
    } catch {
      // Told as null.
    }
    // The stream may speak again by now.
    if (series !== this.asking) return;
    this.told(status);
    this.poll = setTimeout(() => void this.ask(series), POLL_MS);
  }

  private stopAsking(): void {
    this.asking = 0;
    if (this.poll !== null) clearTimeout(this.poll);
    this.poll = null;
  }

  private closeStream(): void {
    this.close?.();
    this.close = null;
    if (this.silence !== null) clearTimeout(this.silence);
    this.silence = null;
  }
}

let series = 0;

/** A number that no series had before; never 0. */
function nextSeries(): number {
  series += 1;
  return series;
}
