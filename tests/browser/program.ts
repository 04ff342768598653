// The program as its user starts it, with a state folder of its own. Knows no browser.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';

/** Longer than anything takes on the slowest machine, so that a failure ends the test. */
export const PATIENCE_MS = 30_000;

export interface Setup {
  /** As `--camera`; the demo scene if neither this nor `config` is given. */
  camera?: string;
  /** The text of a configuration file. */
  config?: string;
  /** Their passwords before the program is started; without an administrator's nobody needs to log in. */
  passwords?: Partial<Record<User, string>>;
  /** As if it were installed as a package, with a folder `update` in which root tells how updates go. */
  installed?: boolean;
}

export type User = 'admin' | 'viewer';

export class Program {
  readonly #folder = mkdtempSync(join(tmpdir(), 'edge-cctv-browser-'));
  readonly #arguments: string[];
  readonly #environment: NodeJS.ProcessEnv = { ...process.env };
  readonly #log: string[] = [];
  #password: string | undefined;
  #child: ChildProcess | undefined;
  #port = 0;
  #scheme = 'http';
  /** What answers 200 once the program is as tests expect it. */
  readonly #sign: string;

  private constructor(setup: Setup) {
    this.#arguments = ['run', '--state', this.state];
    mkdirSync(this.state);
    delete this.#environment.RUST_LOG;
    if (setup.installed) {
      this.#environment.EDGE_CCTV_UPDATE = mkdirSync(join(this.#folder, 'update'), { recursive: true });
      this.#environment.RUNTIME_DIRECTORY = mkdirSync(join(this.#folder, 'run'), { recursive: true });
    }
    if (setup.config !== undefined) {
      const file = join(this.#folder, 'config.toml');
      writeFileSync(file, setup.config);
      this.#arguments.push('--config', file);
    }
    for (const [user, password] of Object.entries(setup.passwords ?? {})) {
      this.passwd(['--user', user], `${password}\n`);
    }
    this.#password = setup.passwords?.admin;
    const camera = setup.camera ?? (setup.config === undefined ? 'demo' : undefined);
    if (camera !== undefined) this.#arguments.push('--camera', camera);
    // A page that is looked at before the first frame has other things to tell.
    this.#sign = camera === 'demo' ? '/readyz' : '/healthz';
  }

  /** Returns once the program answers, and the demo scene runs if that is the camera. */
  static async start(setup: Setup = {}): Promise<Program> {
    const program = new Program(setup);
    try {
      await program.restart();
    } catch (error) {
      await program.end();
      throw error;
    }
    return program;
  }

  /** The state folder. */
  get state(): string {
    return join(this.#folder, 'state');
  }

  /** A file of root's, or of the service's own at run time, if `installed`. */
  file(...path: string[]): string {
    return join(this.#folder, ...path);
  }

  /** The address of a path. */
  url(path = '/'): string {
    return `${this.#scheme}://127.0.0.1:${this.#port}${path}`;
  }

  /** What `edge-cctv passwd` prints for this state folder. */
  passwd(more: string[], input = ''): string {
    return execFileSync(binary(), ['passwd', '--state', this.state, ...more], { input, encoding: 'utf8' });
  }

  /** Asks as a program of the administrator's does; of another one with another password. */
  ask(path: string, init: RequestInit = {}, password = this.#password): Promise<Response> {
    const basic = password === undefined ? {} : { authorization: `Basic ${btoa(`admin:${password}`)}` };
    return fetch(this.url(path), { ...init, headers: { ...basic, ...init.headers } });
  }

  /** All that was logged since the first start. */
  log(): string {
    return this.#log.join('\n');
  }

  /** Kills the program, which can do nothing about it. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  /** Starts the program, after `kill` at the same address and with the same state. */
  async restart(): Promise<void> {
    await this.kill();
    const child = spawn(binary(), [...this.#arguments, '--listen', `127.0.0.1:${this.#port}`], {
      cwd: ROOT,
      env: this.#environment,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    let listening = false;
    createInterface({ input: child.stderr }).on('line', (line) => {
      this.#log.push(line);
      const [, scheme, port] = /listening on (https?):\/\/127\.0\.0\.1:(\d+)/.exec(line) ?? [];
      if (scheme === undefined) return;
      if (scheme === 'https') this.#trust();
      this.#scheme = scheme;
      this.#port = Number(port);
      listening = true;
    });
    const end = Date.now() + PATIENCE_MS;
    while (!(listening && (await this.#answers()))) {
      if (child.exitCode !== null || Date.now() > end) {
        throw new Error(`the program doesn't answer:\n${this.log()}`);
      }
      await pause(20);
    }
  }

  /** Ends the program and forgets its state. */
  async end(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Lets `ask` believe the certificate that the program has made. */
  #trust(): void {
    const certificate = readFileSync(join(this.state, 'tls/certificate.pem'), 'utf8');
    setDefaultCACertificates([...getCACertificates('default'), certificate]);
  }

  async #answers(): Promise<boolean> {
    try {
      const answer = await this.ask(this.#sign);
      // Whom it doesn't let in, it tells nothing of its cameras.
      return answer.ok || (await answer.json()).error !== 'Not ready';
    } catch {
      return false;
    }
  }
}

/** From here the program finds the network's file. */
const ROOT = resolve(import.meta.dirname, '../..');

/** What is tested: EDGE_CCTV_BINARY, else what cargo built last. */
function binary(): string {
  const target = resolve(ROOT, process.env.CARGO_TARGET_DIR ?? 'target');
  const file = resolve(ROOT, process.env.EDGE_CCTV_BINARY ?? join(target, 'debug/edge-cctv'));
  if (!existsSync(file)) throw new Error(`${file} isn't there: build it by \`cargo build\``);
  return file;
}
