// What people look for on the page. Knows the page's words, nothing of how it is made.

import assert from 'node:assert/strict';
import type { Locator, Page } from 'playwright-core';
import { PATIENCE_MS, type Program } from './program.ts';

/** People come into the demo scene within a minute, and the slowest machine is slower than that. */
export const SCENE_MS = 90_000;

/** Waits until it can be seen. */
export function seen(locator: Locator, timeout = PATIENCE_MS): Promise<void> {
  return locator.first().waitFor({ state: 'visible', timeout });
}

/** The one word about the camera over its picture. */
export function core(page: Page, word: string): Locator {
  return page.locator('.core').filter({ hasText: new RegExp(`\\b${word}$`) });
}

/** Waits until the picture moves: it is there, and it changes. */
export async function picture(page: Page): Promise<void> {
  await seen(page.getByRole('img', { name: /^Live picture of/ }));
  await page.waitForFunction(
    () => (document.querySelector<HTMLImageElement>('.screen img')?.naturalWidth ?? 0) > 0,
  );
}

interface Status {
  viewers: number;
  streaming: boolean;
  ai_status: string;
}

export async function status(program: Program, password?: string): Promise<Status> {
  return (await (await program.ask('/status', {}, password)).json()) as Status;
}

/** Fills in the login and sends it, as people do: by the Enter key. */
export async function logIn(page: Page, password: string, user = 'admin'): Promise<void> {
  await seen(page.getByRole('heading', { name: 'Log in' }));
  await page.getByLabel('User name').fill(user);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.keyboard.press('Enter');
}

/** Waits until something holds outside of the page. */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!(await holds().catch(() => false))) {
    assert.ok(Date.now() < end, `${what}: not within ${PATIENCE_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Waits until a stylesheet has made it so: colours change within a moment, not at once. */
export async function coloured(locator: Locator, property: string, colour: string): Promise<void> {
  await until(`${property} ${colour}`, async () => {
    const found = locator.evaluate(
      (element, property) => getComputedStyle(element).getPropertyValue(property),
      property,
    );
    return (await found) === colour;
  });
}

/** The colours of severities, as people see them. */
export const YELLOW = 'rgb(242, 208, 70)';
export const ORANGE = 'rgb(255, 157, 66)';
export const RED = 'rgb(255, 107, 97)';
