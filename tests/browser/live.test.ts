// Watching: from DEPLOY to DISENGAGE, and what the page does when something goes away.

import assert from 'node:assert/strict';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { browserTest } from './harness.ts';
import { coloured, core, picture, RED, SCENE_MS, seen, status, until, YELLOW } from './seen.ts';

/** The lower half of the demo scene, where people walk. */
const PAVEMENT = '[[0, 0.6], [1, 0.6], [1, 1], [0, 1]]';

const demo = (more: string) => `[[camera]]\nname = "yard"\nsource = "demo"\n${more}`;

browserTest(
  'DEPLOY starts the camera, DISENGAGE stops it',
  { config: demo('autostart = false') },
  async ({ page, program, accessible }) => {
    await page.goto('/');
    await seen(core(page, 'STOPPED'));
    await accessible();
    await page.getByRole('button', { name: 'DEPLOY' }).click();
    await seen(page.getByText('Starting the camera …'));
    await picture(page);
    await seen(core(page, 'IDLE'));
    await until('one viewer', async () => (await status(program)).viewers === 1);

    await page.getByRole('button', { name: 'DISENGAGE' }).click();
    await seen(core(page, 'STOPPED'));
    await seen(page.locator('.cover').getByText('The camera is stopped.'));
    assert.equal((await status(program)).streaming, false);
    assert.equal((await status(program)).viewers, 0);
    // What was stopped stays so: the page doesn't start it by looking.
    await page.reload();
    await seen(page.getByRole('button', { name: 'DEPLOY' }));
    assert.equal((await status(program)).streaming, false);
  },
);

browserTest(
  'a camera that can’t be opened is told in words',
  { config: demo('').replace('demo"', '/dev/video99"') },
  async (stage) => {
    const { page, faults } = stage;
    faults.expect(/500 \(Internal Server Error\)/);
    await page.goto('/');
    await seen(core(page, 'NO SIGNAL'));
    await seen(page.getByRole('alert').getByText(/^Camera unplugged \d+ s ago$/));
    await seen(page.getByRole('alert').getByText(/^video99 is not there/));
    await stage.accessible();
  },
);

for (const [severity, colour] of [
  ['CRITICAL', RED],
  ['MEDIUM', YELLOW],
] as const) {
  const zone = `[camera.alert]\nzone_severity = "${severity}"\n[[camera.zone]]\nname = "pavement"\nkind = "alert"\npoints = ${PAVEMENT}`;
  browserTest(
    `motion in an alert zone of severity ${severity} has its colour`,
    { config: demo(zone) },
    async ({ page, accessible }) => {
      await page.goto('/');
      await seen(core(page, 'IDLE'));
      await seen(core(page, 'ALERT'), SCENE_MS);
      const banner = page.locator('.banner');
      await seen(banner.getByText('Motion in the zone “pavement”'));
      await coloured(banner, 'border-left-color', colour);
      await coloured(page.locator('.core'), 'border-top-color', colour);
      await accessible();
    },
  );
}

browserTest(
  'nothing jumps when the state changes',
  { config: demo(`[[camera.zone]]\nname = "pavement"\nkind = "alert"\npoints = ${PAVEMENT}`) },
  async ({ page }) => {
    await page.goto('/');
    await picture(page);
    const places = () =>
      page.evaluate(() =>
        ['.banner', '.screen', '.controls', '.telemetry'].map((part) => {
          const { x, y, width, height } =
            document.querySelector(part)?.getBoundingClientRect() ?? new DOMRect();
          return [part, x, y, width, part === '.telemetry' ? 0 : height];
        }),
      );
    const before = await places();
    await seen(core(page, 'ALERT'), SCENE_MS);
    assert.deepEqual(await places(), before);
  },
);

browserTest(
  'the page recovers by itself when the server was killed',
  {},
  async ({ page, program, faults }) => {
    faults.expect(
      /ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/,
    );
    await page.goto('/');
    await picture(page);
    await program.kill();
    await seen(core(page, 'OFFLINE'));
    await seen(page.getByText('The camera system can’t be reached. Trying again …'));
    await program.restart();
    await seen(core(page, 'IDLE').or(core(page, 'MOTION')));
    await picture(page);
    await until('exactly one viewer again', async () => (await status(program)).viewers === 1);
  },
);

browserTest(
  'nobody looks: the stream ends, and begins again with the look',
  {},
  async ({ page, program }) => {
    await page.goto('/');
    await picture(page);
    await until('one viewer', async () => (await status(program)).viewers === 1);
    const look = (hidden: boolean) =>
      page.evaluate((hidden) => {
        Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
        document.dispatchEvent(new Event('visibilitychange'));
      }, hidden);
    await look(true);
    await until('no viewer', async () => (await status(program)).viewers === 0);
    await look(false);
    await picture(page);
    await until('one viewer', async () => (await status(program)).viewers === 1);
  },
);

browserTest(
  'a stream that hangs on its way is begun anew, though others watch',
  {},
  async ({ page, program, faults }) => {
    faults.expect(/request to another host/);
    // The way: what goes over it can be held up.
    const held: Socket[] = [];
    const way = createServer((browser) => {
      const server = connect(Number(new URL(program.url()).port), '127.0.0.1');
      browser.on('data', (bytes) => {
        if (bytes.toString('latin1').startsWith('GET /live')) held.push(server);
        server.write(bytes);
      });
      server.pipe(browser);
      for (const [end, other] of [
        [browser, server],
        [server, browser],
      ] as const) {
        end.on('close', () => other.destroy()).on('error', () => other.destroy());
      }
    });
    await new Promise<void>((resolve) => way.listen(0, '127.0.0.1', resolve));
    const another = await fetch(program.url('/live'));
    try {
      await page.goto(`http://127.0.0.1:${(way.address() as AddressInfo).port}/`);
      await picture(page);
      await until('one stream', async () => held.length === 1);
      held[0]?.pause();
      await until('another stream', async () => held.length === 2);
      await picture(page);
    } finally {
      await another.body?.cancel();
      await page.goto('about:blank');
      way.close();
      for (const server of held) server.destroy();
    }
  },
);

browserTest('a page never has more than one stream open', {}, async ({ page, program }) => {
  await page.goto('/');
  await picture(page);
  for (const name of ['Zones', 'Tuning', 'Live', 'System', 'Live']) {
    await page.getByRole('link', { name }).click();
    await until(
      `at most one viewer on ${name}`,
      async () => (await status(program)).viewers === (name === 'System' ? 0 : 1),
    );
  }
  // Another view of the same is another stream, in the place of the old one.
  await page.getByRole('switch', { name: 'Overlay' }).uncheck();
  await page.getByLabel('Pictures a second').selectOption('5');
  await page.getByLabel('Quality').selectOption('low');
  await until('one viewer', async () => (await status(program)).viewers === 1);
  const source = await page.locator('.screen img').getAttribute('src');
  assert.match(source ?? '', /^live\?t=\d+&overlay=0&fps=5&quality=40$/);
  // It is remembered.
  await page.reload();
  await picture(page);
  assert.match((await page.locator('.screen img').getAttribute('src')) ?? '', /overlay=0&fps=5&quality=40$/);
});
