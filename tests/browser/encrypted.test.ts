// The page as the installed service has it: encrypted, with the certificate that the program has made.

import assert from 'node:assert/strict';
import { browserTest } from './harness.ts';
import { core, logIn, picture, SCENE_MS, seen, until } from './seen.ts';

const ADMIN = 'a password of the admin';

browserTest(
  'over TLS the page logs in, shows the live picture, what is told of it, and snapshots',
  {
    passwords: { admin: ADMIN },
    config: '[server]\ntls = "self-signed"\n',
    camera: 'demo',
    // What people do when they have compared the fingerprint.
    context: { ignoreHTTPSErrors: true },
  },
  async ({ program, page }) => {
    assert.match(program.url(), /^https:/);
    // As people type it.
    await page.goto(program.url().replace('https:', 'http:'));
    assert.equal(new URL(page.url()).protocol, 'https:');
    await logIn(page, ADMIN);
    await picture(page);
    const [cookie, ...others] = await page.context().cookies();
    assert.deepEqual(others, []);
    assert.equal(cookie?.name, '__Host-edge-cctv');
    assert.ok(cookie.secure && cookie.httpOnly && cookie.sameSite === 'Strict');
    assert.equal(await page.evaluate(() => document.cookie), '', 'no script reads it');
    const told = await page.evaluate(async () => {
      const socket = new WebSocket(`wss://${location.host}/ws/live`);
      const first = await new Promise((resolve, reject) => {
        socket.onmessage = ({ data }) => resolve(typeof data);
        socket.onerror = () => reject(new Error('no WebSocket'));
      });
      socket.close();
      return first;
    });
    assert.equal(told, 'string');
    await seen(core(page, 'MOTION').or(core(page, 'ALERT')), SCENE_MS);

    await page.reload();
    await picture(page);
    await page.getByRole('button', { name: 'Snapshot', exact: true }).click();
    await page.getByRole('link', { name: 'Snapshots' }).click();
    await page.getByRole('button', { name: /^View the snapshot of/ }).click();
    const snapshot = page.getByRole('dialog').getByRole('img');
    await seen(snapshot);
    await until('its picture', () =>
      snapshot.evaluate((image) => (image as HTMLImageElement).naturalWidth > 0),
    );
  },
);
