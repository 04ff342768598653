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
  private timer: Timer | null = null;
  private retry: Timer | null = null;
  private running = false;

  /** `told` gets each status, and null once the server can't be reached. */
  constructor(connections: Connections, told: (status: Status | null) => void) {
    this.connections = connections;
    this.told = told;
  }

  start(): void {
    this.running = true;
    this.openStream();
  }

  stop(): void {
    this.running = false;
    this.closeStream();
    this.clear();
  }

  private openStream(): void {
    this.clear();
    this.closeStream();
    const failed = () => this.fallBack();
    this.close = this.connections.open((text) => this.heard(text), failed);
    this.timer = setTimeout(failed, SILENCE_MS);
  }

  private heard(text: string): void {
    if (!this.running) return;
    let status: Status;
    try {
      status = JSON.parse(text) as Status;
    } catch {
      this.fallBack();
      return;
    }
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => this.fallBack(), SILENCE_MS);
    this.told(status);
  }

  /** Asks each second, and tries the stream again now and then. */
  private fallBack(): void {
    if (!this.running) return;
    this.closeStream();
    this.clear();
    this.retry = setTimeout(() => this.openStream(), RETRY_MS);
    void this.poll();
  }

  private async poll(): Promise<void> {
    const began = this.retry;
    let status: Status | null = null;
    try {
      status = await this.connections.ask();
    } catch {
      // Told as null.
    }
    // The stream may be open again by now.
    if (!this.running || this.retry !== began || began === null) return;
    this.told(status);
    this.timer = setTimeout(() => void this.poll(), POLL_MS);
  }

  private closeStream(): void {
    this.close?.();
    this.close = null;
  }

  private clear(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    if (this.retry !== null) clearTimeout(this.retry);
    this.timer = null;
    this.retry = null;
  }
}
