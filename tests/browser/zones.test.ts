// Zones: drawn, named, moved and deleted by mouse and by keyboard, and at work at once.

import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { browserTest } from './harness.ts';
import type { Program } from './program.ts';
import { coloured, core, ORANGE, picture, SCENE_MS, seen } from './seen.ts';

interface Zone {
  name: string;
  kind: string;
  points: [number, number][];
}

/** As the camera has them now. */
async function zones(program: Program): Promise<Zone[]> {
  const { cameras } = (await (await fetch(program.url('/api/cameras'))).json()) as {
    cameras: { zones: Zone[] }[];
  };
  return cameras[0]?.zones ?? [];
}

const nearly = (found: [number, number][] | undefined, expected: [number, number][]) => {
  assert.equal(found?.length, expected.length);
  for (const [index, [x, y]] of expected.entries()) {
    const [foundX, foundY] = found?.[index] ?? [Number.NaN, Number.NaN];
    assert.ok(Math.abs(foundX - x) < 0.01 && Math.abs(foundY - y) < 0.01, JSON.stringify(found));
  }
};

/** Clicks at shares of the drawing area. */
async function click(page: Page, corners: [number, number][]): Promise<void> {
  const box = await page.locator('.surface').boundingBox();
  assert.ok(box);
  for (const [x, y] of corners) await page.mouse.click(box.x + x * box.width, box.y + y * box.height);
}

/** Drags the demo's zone by shares of the drawing area. */
async function drag(page: Page, [x, y]: [number, number]): Promise<void> {
  const zone = await page.getByRole('button', { name: 'yard, Alert' }).boundingBox();
  const surface = await page.locator('.surface').boundingBox();
  assert.ok(zone && surface);
  const from = [zone.x + zone.width / 2, zone.y + zone.height / 2] as const;
  await page.mouse.move(...from);
  await page.mouse.down();
  await page.mouse.move(from[0] + x * surface.width, from[1] + y * surface.height, { steps: 4 });
  await page.mouse.up();
}

async function save(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Save' }).click();
  await seen(page.getByText('Saved. It acts at once.'));
}

browserTest('an alert zone is drawn by mouse and acts at once', {}, async ({ page, program, accessible }) => {
  await page.goto('/#zones');
  await picture(page);
  await accessible();
  const pavement: [number, number][] = [
    [0.02, 0.6],
    [0.98, 0.6],
    [0.98, 0.98],
    [0.02, 0.98],
  ];
  await page.getByRole('button', { name: 'New alert zone' }).click();
  await click(page, pavement);
  await accessible();
  // On the first corner: that closes it.
  await click(page, [[0.022, 0.602]]);
  // So does Enter.
  await page.getByRole('button', { name: 'New ignore zone' }).click();
  await click(page, [
    [0.1, 0.1],
    [0.2, 0.1],
    [0.2, 0.2],
  ]);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Delete the zone zone 2' }).click();
  await page.getByLabel('Name').last().fill('pavement');
  await save(page);
  const saved = await zones(program);
  assert.deepEqual(
    saved.map(({ name, kind }) => [name, kind]),
    [
      ['yard', 'alert'],
      ['pavement', 'alert'],
    ],
  );
  nearly(saved[1]?.points, pavement);

  // What the detector uses is shown: the zone's colour is over the picture.
  await page.getByRole('switch', { name: 'Show what the detector uses' }).check();
  await page.waitForFunction(
    () => (document.querySelector<HTMLImageElement>('.mask')?.naturalWidth ?? 0) > 0,
  );

  await page.getByRole('link', { name: 'Live' }).click();
  await seen(core(page, 'ALERT'), SCENE_MS);
  const banner = page.locator('.banner');
  await seen(banner.getByText('Motion in the zone “pavement”'));
  await coloured(banner, 'border-left-color', ORANGE);
});

browserTest('a zone is drawn, moved and changed by keyboard alone', {}, async ({ page, program }) => {
  await page.goto('/#zones');
  await picture(page);
  await page.getByRole('button', { name: 'New ignore zone' }).press('Enter');
  const { keyboard } = page;
  // The cross begins in the middle.
  await keyboard.press('Space');
  for (let step = 0; step < 4; step += 1) await keyboard.press('Shift+ArrowRight');
  await keyboard.press('Space');
  for (let step = 0; step < 4; step += 1) await keyboard.press('Shift+ArrowDown');
  await keyboard.press('Space');
  await keyboard.press('Enter');
  await page.getByRole('button', { name: /^Corner 1 of zone 1/ }).press('ArrowLeft');
  await page.getByRole('button', { name: 'Add a corner after corner 1 of zone 1' }).press('Enter');
  await page.getByRole('button', { name: /^Corner 2 of zone 1/ }).press('Shift+ArrowUp');
  await page.getByRole('button', { name: 'zone 1, Ignore' }).press('ArrowDown');
  await page.getByRole('button', { name: 'Delete the zone yard' }).press('Enter');
  await save(page);
  const [zone, ...others] = await zones(program);
  assert.deepEqual(others, []);
  assert.equal(zone?.kind, 'ignore');
  nearly(zone?.points, [
    [0.49, 0.51],
    [0.595, 0.46],
    [0.7, 0.51],
    [0.7, 0.71],
  ]);
});

browserTest('a zone is moved by dragging, and changes can be discarded', {}, async ({ page, program }) => {
  await page.goto('/#zones');
  await picture(page);
  const [before] = await zones(program);
  assert.ok(before);
  await drag(page, [-0.1, 0.1]);
  await save(page);
  const moved = before.points.map(([x, y]): [number, number] => [x - 0.1, y + 0.1]);
  nearly((await zones(program))[0]?.points, moved);
  await drag(page, [-0.1, 0]);
  await seen(page.getByText('Not saved yet'));
  await page.getByRole('button', { name: 'Discard changes' }).click();
  assert.equal(await page.getByRole('button', { name: 'Save' }).isDisabled(), true);
  nearly((await zones(program))[0]?.points, moved);
});

browserTest(
  'what is wrong with a zone is said beside it, and nothing is changed',
  {},
  async ({ page, program, faults }) => {
    faults.expect(/400 \(Bad Request\)/);
    await page.goto('/#zones');
    await picture(page);
    await page.getByRole('button', { name: 'New privacy zone' }).click();
    // A bow tie.
    await click(page, [
      [0.1, 0.1],
      [0.4, 0.4],
      [0.4, 0.1],
      [0.1, 0.4],
    ]);
    await page.getByRole('button', { name: 'Finish' }).click();
    await page.getByRole('button', { name: 'Save' }).click();
    await seen(
      page
        .locator('.zone-list li')
        .last()
        .getByText(/zone\[1\]\.points crosses itself/),
    );
    assert.equal((await zones(program)).length, 1);
  },
);

browserTest('what was drawn and not saved outlives a look at another page', {}, async ({ page, program }) => {
  await page.goto('/#zones');
  await picture(page);
  await page.getByLabel('Name').fill('gate');
  await page.getByRole('link', { name: 'Live' }).click();
  await seen(page.getByRole('button', { name: 'DISENGAGE' }));
  await page.getByRole('link', { name: 'Zones' }).click();
  await seen(page.getByText('Not saved yet'));
  assert.equal(await page.getByLabel('Name').inputValue(), 'gate');
  await save(page);
  assert.equal((await zones(program))[0]?.name, 'gate');
});

browserTest(
  'what somebody else has drawn meanwhile isn’t lost',
  {},
  async ({ page, program, accessible }) => {
    await page.goto('/#zones');
    await picture(page);
    await page.getByLabel('Name').fill('mine');
    const theirs = [
      {
        name: 'theirs',
        kind: 'privacy',
        points: [
          [0, 0],
          [0.2, 0],
          [0.2, 0.2],
        ],
      },
    ];
    await patch(program, { zone: theirs });
    await page.getByRole('button', { name: 'Save' }).click();
    await seen(page.getByText('Somebody has changed the zones elsewhere meanwhile.'));
    await accessible();
    assert.deepEqual(
      (await zones(program)).map(({ name }) => name),
      ['theirs'],
    );
    await page.getByRole('button', { name: 'Show those' }).click();
    assert.equal(await page.getByLabel('Name').inputValue(), 'theirs');

    await page.getByLabel('Name').fill('mine');
    await patch(program, { zone: [] });
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('button', { name: 'Save mine instead' }).click();
    await seen(page.getByText('Saved. It acts at once.'));
    assert.deepEqual(
      (await zones(program)).map(({ name }) => name),
      ['mine'],
    );
  },
);

/** Changes the camera's settings from elsewhere. */
async function patch(program: Program, camera0: unknown): Promise<void> {
  const body = JSON.stringify({ camera: { camera0 } });
  assert.equal((await fetch(program.url('/api/settings'), { method: 'PATCH', body })).status, 200);
}
