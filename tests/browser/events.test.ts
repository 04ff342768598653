// What happened: found, played, kept, deleted and taken home.

import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { browserTest } from './harness.ts';
import type { Program } from './program.ts';
import { logIn, SCENE_MS, seen, until } from './seen.ts';

/** Many short events soon. */
const DEMO =
  '[[camera]]\nname = "street"\nsource = "demo"\n[events]\nafter_seconds = 1.0\nlongest_seconds = 10.0\n';

/** An event is told of a moment before its picture is there. */
const EARLY = /404.*thumbnail/;

interface Kept {
  id: number;
  ended: number | null;
  keep: boolean;
}

const kept = async (program: Program, query = '') =>
  ((await (await program.ask(`/api/events${query}`)).json()) as { events: Kept[] }).events;

/** Waits until so many events are over; the newest first. */
async function happened(program: Program, count: number): Promise<Kept[]> {
  let over: Kept[] = [];
  const end = Date.now() + SCENE_MS;
  while (over.length < count) {
    assert.ok(Date.now() < end, `${over.length} events`);
    await new Promise((resolve) => setTimeout(resolve, 500));
    over = (await kept(program)).filter(({ ended }) => ended !== null);
  }
  return over;
}

/** The entry of an event in the list. */
const entry = (page: Page, id: number) => page.locator(`#event-${id}`);

const video = (page: Page) =>
  page.evaluate(() => {
    const { currentTime, readyState, error, paused, playbackRate } = document.querySelector(
      'video',
    ) as HTMLVideoElement;
    return { time: currentTime, ready: readyState, error: error?.message ?? null, paused, playbackRate };
  });

const event = (page: Page) => Number(/event=(\d+)/.exec(page.url())?.[1]);

browserTest('an event is seen as it begins, and played', { config: DEMO }, async (stage) => {
  const { page, program, faults, accessible } = stage;
  faults.expect(EARLY);
  await page.goto('/#events');
  await seen(page.getByText('Nothing happened on this day.'));
  await page.locator('.event-open').filter({ hasText: 'under way' }).click({ timeout: SCENE_MS });
  const dialog = page.getByRole('dialog');
  await seen(dialog.getByText('Under way: its clip is there when it is over.'));
  await until('it plays once it is over', async () => (await video(page)).time > 0.3);
  await page.keyboard.press('Escape');
  const [newest, older] = await happened(program, 2);
  assert.ok(newest && older);
  await accessible();

  await entry(page, older.id).click();
  await seen(dialog.getByRole('heading', { name: /^Motion · / }));
  await until('it plays', async () => {
    const { time, ready, error } = await video(page);
    assert.equal(error, null);
    return ready >= 2 && time > 0.3;
  });
  const before = (await video(page)).time;
  await until('it goes on', async () => (await video(page)).time > before + 0.5);
  await accessible();

  // Single pictures, there and back.
  await page.keyboard.press(' ');
  await until('it stands', async () => (await video(page)).paused);
  await dialog.getByRole('button', { name: 'From the start' }).click();
  await page.keyboard.press('.');
  await until('it stands', async () => (await video(page)).paused);
  const { time } = await video(page);
  await page.keyboard.press('.');
  const next = (await video(page)).time;
  assert.ok(next > time && next < time + 0.3, `${time} ${next}`);
  await page.keyboard.press(',');
  assert.ok(Math.abs((await video(page)).time - time) < 0.001);
  await dialog.getByLabel('Speed').selectOption('4×');
  assert.equal((await video(page)).playbackRate, 4);

  // In a field keys are the field's.
  await dialog.getByLabel('Speed').focus();
  await page.keyboard.press('ArrowRight');
  assert.equal(event(page), older.id);
  await dialog.getByRole('button', { name: 'Newer' }).click();
  await until('the newer one', async () => event(page) === newest.id);
  await until('it plays as fast', async () => {
    const { time, playbackRate } = await video(page);
    return time > 0.3 && playbackRate === 4;
  });
  await dialog.getByRole('button', { name: 'Picture', exact: true }).nth(0).click();
  await seen(dialog.locator('.boxes rect'));
  await dialog.getByRole('switch', { name: 'Boxes' }).uncheck();
  assert.equal(await dialog.locator('.boxes').count(), 0);

  // The focus is where one was.
  await page.keyboard.press('Escape');
  await until('closed', async () => (await dialog.count()) === 0);
  await seen(page.locator(`#event-${newest.id}:focus`));
  assert.ok(!page.url().includes('event='));
});

browserTest('events are kept, found, taken home and deleted', { config: DEMO }, async (stage) => {
  const { page, program, faults, accessible } = stage;
  faults.expect(EARLY);
  const [newest, middle, oldest] = await happened(program, 3);
  assert.ok(newest && middle && oldest);
  await page.goto('/#events');
  const dialog = page.getByRole('dialog');

  await entry(page, middle.id).click();
  await seen(dialog.getByRole('button', { name: 'Keep', exact: true }));
  await page.keyboard.press('k');
  await seen(dialog.getByRole('button', { name: 'Don’t keep' }));
  assert.deepEqual(
    (await kept(program, '?keep=1')).map(({ id }) => id),
    [middle.id],
  );

  await page.keyboard.press('ArrowLeft');
  await until('the older one', async () => event(page) === oldest.id);
  await page.keyboard.press('Delete');
  const question = page.getByRole('dialog', { name: 'Delete this event?' });
  await seen(question);
  await accessible();
  // The question's own keys: nothing is kept or left behind it.
  await page.keyboard.press('k');
  await question.getByRole('button', { name: 'Delete' }).click();
  await until('deleted', async () => (await program.ask(`/api/events/${oldest.id}`)).status === 404);
  await until(
    'another one is shown',
    async () => event(page) !== oldest.id && (await question.count()) === 0,
  );
  await page.keyboard.press('Escape');
  await until('it left the list', async () => (await entry(page, oldest.id).count()) === 0);

  await page.getByRole('switch', { name: 'Kept only' }).check();
  await until('only one', async () => (await page.locator('.event-open').count()) === 1);
  assert.ok(page.url().endsWith('#events?kept=1'));
  await page.reload();
  // What leaves the list while it is looked at is looked at on.
  await entry(page, middle.id).click();
  await seen(dialog.getByRole('button', { name: 'Don’t keep' }));
  await page.keyboard.press('k');
  await seen(dialog.getByRole('button', { name: 'Keep', exact: true }));
  await until('it left the list', async () => (await entry(page, middle.id).count()) === 0);
  await page.keyboard.press('k');
  await seen(dialog.getByRole('button', { name: 'Don’t keep' }));
  await page.keyboard.press('Escape');
  await seen(entry(page, middle.id));
  await page.getByLabel('State').selectOption('ALERT');
  await seen(page.getByText('No event of this day is as chosen.'));
  await page.getByRole('button', { name: 'Show all' }).click();
  await seen(entry(page, newest.id));

  await page
    .getByRole('checkbox', { name: /^Choose the event of/ })
    .last()
    .check();
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Export as ZIP' }).click();
  assert.equal((await download).suggestedFilename(), 'events.zip');

  // By keyboard through the strip.
  const strip = page.getByRole('slider', { name: /^Timeline of street/ });
  await strip.press('Home');
  await until('the oldest', async () => /^Motion, /.test((await strip.getAttribute('aria-valuetext')) ?? ''));
  await strip.press('Enter');
  await seen(dialog);
  await page.keyboard.press('Escape');
  await until('closed', async () => (await dialog.count()) === 0);
  await page.getByRole('button', { name: 'Previous day' }).click();
  await seen(page.getByText('Nothing happened on this day.'));
  assert.match(page.url(), /#events\?day=\d{4}-\d\d-\d\d$/);
});

browserTest(
  'whoever may only look is shown nothing else',
  { config: DEMO, passwords: { admin: 'correct horse battery', viewer: 'looking is allowed' } },
  async ({ page, program, faults }) => {
    faults.expect(EARLY);
    faults.expect(/503.*clip\.mp4/);
    const [newest] = await happened(program, 1);
    assert.ok(newest);
    // A slow board: the clip takes longer than anybody is let wait.
    let asked = 0;
    await page.route('**/clip.mp4', (route) => {
      asked += 1;
      const json = { error: 'Clip is being made', detail: 'try again' };
      return asked > 1
        ? route.continue()
        : route.fulfill({ status: 503, headers: { 'Retry-After': '2' }, json });
    });
    await page.goto(`/#events?event=${newest.id}`);
    await logIn(page, 'looking is allowed', 'viewer');
    const dialog = page.getByRole('dialog');
    await seen(dialog.getByText('The clip is being made ready for the browser …'));
    await until('it plays', async () => (await video(page)).time > 0.3);
    for (const name of ['Keep', 'Delete']) {
      assert.equal(await dialog.getByRole('button', { name, exact: true }).count(), 0);
    }
    await page.keyboard.press('k');
    await page.keyboard.press('Delete');
    await page.waitForTimeout(300);
    assert.equal(await dialog.count(), 1);
    assert.equal((await kept(program))[0]?.keep, false);
  },
);

browserTest(
  'an event that is gone is told in words',
  { config: DEMO },
  async ({ page, program, faults, accessible }) => {
    faults.expect(/404/);
    await page.goto('/#events?event=42');
    const dialog = page.getByRole('dialog', { name: 'This event isn’t there any more.' });
    await seen(dialog);
    await accessible();
    await dialog.getByRole('button', { name: 'Close' }).click();
    await until('closed', async () => (await dialog.count()) === 0);
    // And so is one that somebody else deletes.
    const [newest] = await happened(program, 1);
    assert.ok(newest);
    await entry(page, newest.id).click();
    await seen(page.getByRole('dialog').getByRole('button', { name: 'Older' }));
    await program.ask(`/api/events/${newest.id}`, { method: 'DELETE' });
    await seen(dialog);
  },
);
