// All cameras at one glance, and from there to each of them.

import assert from 'node:assert/strict';
import { browserTest } from './harness.ts';
import { seen, until } from './seen.ts';

const THREE = ['street', 'yard', 'door']
  .map((name) => `[[camera]]\nname = "${name}"\nsource = "demo"\nwidth = 640\nheight = 480\n`)
  .join('');

browserTest('all cameras are in one picture, and each leads to its own', { config: THREE }, async (stage) => {
  const { page, program, accessible } = stage;
  await page.goto('/');
  await page.getByRole('link', { name: 'Overview' }).click();
  const image = page.getByRole('img', { name: 'Live pictures of all cameras' });
  const size = () => image.evaluate((image: HTMLImageElement) => [image.naturalWidth, image.naturalHeight]);
  await until('the picture is there', async () => (await size())[0] === 1280);
  assert.deepEqual(await size(), [1280, 960]);
  await accessible();

  // Each camera has one viewer: this page has one stream, of all of them.
  for (const name of ['street', 'yard', 'door']) {
    await until(`${name} is watched`, async () => {
      const status = (await (await program.ask(`/status?camera=${name}`)).json()) as { viewers: number };
      return status.viewers === 1;
    });
  }

  // The buttons lie over the places.
  const whole = await image.boundingBox();
  const third = await page.getByRole('button', { name: 'Look at door' }).boundingBox();
  assert.ok(whole !== null && third !== null);
  assert.ok(Math.abs(third.x - whole.x) < 2 && Math.abs(third.y - whole.y - whole.height / 2) < 2);
  assert.ok(Math.abs(third.width - whole.width / 2) < 2);

  await page.getByRole('button', { name: 'Look at door' }).click();
  await seen(page.getByRole('img', { name: 'Live picture of door' }));
  await until('nobody looks at the yard', async () => {
    const status = (await (await program.ask('/status?camera=yard')).json()) as { viewers: number };
    return status.viewers === 0;
  });
});

browserTest('one camera needs no overview', {}, async ({ page }) => {
  await page.goto('/#overview');
  await seen(page.getByRole('heading', { name: 'Live picture' }));
  assert.equal(await page.getByRole('link', { name: 'Overview' }).count(), 0);
});
