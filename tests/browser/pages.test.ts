// Every page, in both languages and on a phone; snapshots and the system's page.

import assert from 'node:assert/strict';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { browserTest } from './harness.ts';
import { picture, seen } from './seen.ts';

const PAGES = ['live', 'events', 'zones', 'tuning', 'outputs', 'snapshots', 'system', 'access'];

for (const [name, context] of [
  ['a wall screen', { viewport: { width: 1440, height: 900 } }],
  ['a phone in German', { viewport: { width: 390, height: 844 }, locale: 'de-DE', hasTouch: true }],
] as const) {
  browserTest(`every page is for everybody on ${name}`, { context }, async ({ page, faults, accessible }) => {
    faults.expect(/503.*readyz/);
    for (const path of PAGES) {
      await page.goto(`/#${path}`);
      // Something of its own is there.
      await seen(page.getByRole('heading', { level: 1 }).or(page.locator('h1')));
      await page.waitForFunction(() => document.querySelector('.loading') === null);
      await page.waitForTimeout(500);
      await accessible();
      const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(beyond <= 0, `${path} is ${beyond} pixels too wide`);
    }
  });
}

browserTest(
  'the language is the browser’s, and can be chosen',
  { context: { locale: 'de-AT' } },
  async ({ page }) => {
    await page.goto('/');
    await seen(page.getByRole('button', { name: 'BEENDEN' }));
    assert.equal(await page.evaluate(() => document.documentElement.lang), 'de');
    await page.getByLabel('Sprache').selectOption('English');
    await seen(page.getByRole('button', { name: 'DISENGAGE' }));
    await page.reload();
    await seen(page.getByRole('button', { name: 'DISENGAGE' }));
  },
);

browserTest('a snapshot is taken, looked at, taken home and deleted', {}, async ({ page, accessible }) => {
  await page.goto('/');
  await picture(page);
  await page.getByRole('button', { name: 'Snapshot', exact: true }).click();
  await seen(page.getByText(/^Saved as snapshot_\d+\.jpg$/));
  await page.getByRole('link', { name: 'Snapshots' }).click();
  await page.getByRole('button', { name: /^View the snapshot of/ }).click();
  const dialog = page.getByRole('dialog');
  await seen(dialog.getByRole('img'));
  await accessible();
  const download = page.waitForEvent('download');
  await dialog.getByRole('link', { name: 'Download' }).click();
  assert.match((await download).suggestedFilename(), /^snapshot_\d+\.jpg$/);
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await page
    .getByRole('dialog', { name: 'Delete this snapshot?' })
    .getByRole('button', { name: 'Delete' })
    .click();
  await seen(page.getByText('There are no snapshots yet.'));
});

browserTest('the system’s page tells what runs and what was logged', {}, async ({ page, faults }) => {
  // As long as the first frame is awaited, it isn't ready.
  faults.expect(/503.*readyz/);
  await page.goto('/#system');
  await seen(page.getByText('camera0: well'));
  await seen(page.getByText('demo scene: drawn 640 × 480, 25.0 fps'));
  await seen(page.getByRole('log').getByText(/listening on/));
});

browserTest(
  'an update is asked for, and the page tells how it goes',
  { installed: true },
  async ({ page, faults, program }) => {
    faults.expect(/503.*readyz/);
    const root = (name: string, text: string) => writeFileSync(program.file('update', name), text);
    await page.goto('/#system');
    await page.getByRole('button', { name: 'Update now' }).click();
    await seen(page.getByText('The update is asked for …'));
    assert.ok(existsSync(program.file('run', 'update-request')));
    rmSync(program.file('run', 'update-request'));
    root('pending', '1.0.0-1');
    await seen(page.getByText(/two minutes to show that it works/));
    root('outcome', 'outcome=taken-back\nfrom=2.0.0-1\nto=1.0.0-1\nat=2026-11-28T12:00:00Z\nwhy=no frame\n');
    rmSync(program.file('update', 'pending'));
    await seen(page.getByText('2.0.0-1 → 1.0.0-1'));
    await seen(page.getByText('no frame', { exact: true }));
    await seen(page.getByText(/taken back, /));
  },
);

browserTest('every page is reached by keyboard', {}, async ({ page, faults }) => {
  faults.expect(/503.*readyz/);
  for (const [place, path] of PAGES.entries()) {
    await page.goto('about:blank');
    await page.goto('/');
    await seen(page.getByRole('link', { name: 'Live' }));
    await page.keyboard.press('Tab');
    await seen(page.locator('.skip:focus'));
    for (let link = 0; link <= place; link += 1) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForFunction((path) => location.hash === `#${path}`, path);
  }
});
