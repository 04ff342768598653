// One test with the program and a browser: both start with it and end with it, and no test passes over a fault.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { axeViolations, Faults, launch, missing, openContext } from './browser.ts';
import { Program, type Setup } from './program.ts';

export { slowDown } from './browser.ts';

export interface Options extends Setup {
  /** Locale, viewport and the like; else en-GB and 1280x800. */
  context?: BrowserContextOptions;
}

export interface Stage {
  program: Program;
  /** An empty page; `page.goto('/')` opens the program's. */
  page: Page;
  faults: Faults;
  /** An empty page in somebody else's browser: it has none of the others' logins. */
  somebodyElse(): Promise<Page>;
  /** Fails with what axe finds in the page as it is now. */
  accessible(page?: Page): Promise<void>;
}

let browser: Promise<Browser> | undefined;

after(async () => (await browser)?.close());

/** No test takes that long on the slowest machine. */
const LONGEST_MS = 120_000;

/** Screenshots of pages whose test failed. */
const PICTURES = resolve(import.meta.dirname, '../../target/browser');

/** A test of what people see. Without a browser it is skipped loudly; where CI is set, it fails. */
export function browserTest(name: string, options: Options, body: (stage: Stage) => Promise<void>): void {
  const why = missing();
  if (why !== undefined && !process.env.CI) {
    process.stderr.write(`\n*** SKIPPED: ${name}: ${why} ***\n\n`);
    test(name, { skip: why });
    return;
  }
  test(name, { timeout: LONGEST_MS }, async ({ signal }) => {
    assert.ok(why === undefined, why);
    browser ??= launch();
    const launched = browser;
    const program = await Program.start(options);
    // A test that hangs leaves no program behind.
    signal.addEventListener('abort', () => void program.end());
    const faults = new Faults();
    const contexts: BrowserContext[] = [];
    const open = async () => {
      const context = await openContext(await launched, program.url(), options.context ?? {}, faults);
      contexts.push(context);
      return context.newPage();
    };
    try {
      const page = await open();
      try {
        const look = (other = page) => accessible(other);
        await body({ program, page, faults, somebodyElse: open, accessible: look });
        assert.deepEqual(faults.unexpected(), [], 'faults in the browser');
      } catch (error) {
        await tell(name, page, program, faults);
        throw error;
      } finally {
        for (const context of contexts) await context.close();
      }
    } finally {
      await program.end();
    }
  });
}

async function accessible(page: Page): Promise<void> {
  const violations = await axeViolations(page);
  assert.equal(violations.length, 0, `hard to use for some people:\n${violations.join('\n')}`);
}

/** All that helps to understand a failure. */
async function tell(name: string, page: Page, program: Program, faults: Faults): Promise<void> {
  const file = join(PICTURES, `${name.replaceAll(/\W+/g, '-')}.png`);
  mkdirSync(PICTURES, { recursive: true });
  const shown = await page.screenshot({ path: file, timeout: 5000 }).then(
    () => `what the page shows: ${file}`,
    (error: Error) => `what the page shows can't be told: ${error.message}`,
  );
  const seen = faults.unexpected().map((fault) => `  ${fault}\n`);
  process.stderr.write(
    `\n--- ${name} failed ---\n${shown}\nfaults in the browser:\n${seen.join('') || '  none\n'}` +
      `the program's log:\n${program.log()}\n--- end ---\n`,
  );
}
