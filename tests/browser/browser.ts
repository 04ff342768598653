// Chromium, and what must never happen in it. Knows nothing of what the page shows.

import { existsSync } from 'node:fs';
import axe from 'axe-core';
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type CDPSession,
  chromium,
  type Page,
} from 'playwright-core';

const CHROMIUM = '/usr/bin/chromium';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Names of other sites and of this machine in its network, all of them here.
  '--host-resolver-rules=MAP *.test 127.0.0.1, MAP *.local 127.0.0.1',
];

/** Why there is no browser to test with, if so. */
export function missing(): string | undefined {
  return existsSync(CHROMIUM) ? undefined : `${CHROMIUM} is not there`;
}

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
}

/** What went wrong in pages without their showing it. */
export class Faults {
  readonly #found: string[] = [];
  readonly #expected: RegExp[] = [];

  /** A fault that a test brings about by itself, such as "Failed to load resource" while the program is gone. */
  expect(pattern: RegExp): void {
    this.#expected.push(pattern);
  }

  add(fault: string): void {
    this.#found.push(fault);
  }

  /** Those that no test asked for. */
  unexpected(): string[] {
    return this.#found.filter((fault) => !this.#expected.some((pattern) => pattern.test(fault)));
  }
}

/** A window of its own, watched from its first moment: errors, violations of the policy, requests to another host. */
export async function openContext(
  browser: Browser,
  origin: string,
  options: BrowserContextOptions,
  faults: Faults,
): Promise<BrowserContext> {
  const context = await browser.newContext({
    baseURL: origin,
    locale: 'en-GB',
    viewport: { width: 1280, height: 800 },
    ...options,
  });
  const host = new URL(origin).host;
  const look = (address: string) => {
    const url = new URL(address);
    const inside = ['data:', 'blob:', 'about:'].includes(url.protocol);
    if (!inside && url.host !== host) faults.add(`request to another host: ${address}`);
  };
  context.on('request', (request) => look(request.url()));
  context.on('page', (page) => {
    page.on('websocket', (socket) => look(socket.url()));
  });
  // The policy's violations are among the console's errors.
  context.on('console', (message) => {
    if (message.type() === 'error') {
      faults.add(`console: ${message.text()} (${message.location().url}:${message.location().lineNumber})`);
    }
  });
  context.on('weberror', (error) => faults.add(`error in the page: ${error.error().stack}`));
  return context;
}

/** Makes the page's processor so many times slower. */
export async function slowDown(page: Page, times: number): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate: times });
}

interface Violation {
  id: string;
  impact: string | null;
  help: string;
  nodes: { target: string[]; failureSummary?: string }[];
}

/** What axe finds hard to use for people who can't see, hear or move well; one text each, empty if all is well. */
export async function axeViolations(page: Page): Promise<string[]> {
  // By the debugger, for the page's policy allows no script from elsewhere.
  const session = await page.context().newCDPSession(page);
  try {
    await evaluate(session, `${axe.source}\nundefined`);
    const run = "axe.run(document, { resultTypes: ['violations'], preload: false })";
    const violations = (await evaluate(
      session,
      `${run}.then(({ violations }) => violations)`,
    )) as Violation[];
    return violations.map(readable);
  } finally {
    await session.detach();
  }
}

async function evaluate(session: CDPSession, expression: string): Promise<unknown> {
  const options = { expression, awaitPromise: true, returnByValue: true };
  const { result, exceptionDetails } = await session.send('Runtime.evaluate', options);
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  return result.value;
}

function readable({ id, impact, help, nodes }: Violation): string {
  const places = nodes.map(({ target, failureSummary = '' }) => {
    const why = failureSummary.replaceAll(/\s*\n\s*/g, ' ');
    return `    ${target.join(' ')}: ${why}`;
  });
  return [`${id} (${impact}): ${help}`, ...places].join('\n');
}
