// How long and how much is kept, changed where it is looked at.

import assert from 'node:assert/strict';
import { browserTest } from './harness.ts';
import type { Program } from './program.ts';
import { seen, until } from './seen.ts';

async function inForce(program: Program): Promise<Record<string, Record<string, number | boolean>>> {
  const answer = (await (await program.ask('/api/settings')).json()) as {
    settings: Record<string, Record<string, number | boolean>>;
  };
  return answer.settings;
}

browserTest(
  'a time-lapse is switched on where it is to be seen',
  {},
  async ({ page, program, accessible }) => {
    await page.goto('/#snapshots');
    await page.getByLabel('Taken').selectOption({ label: 'As a time-lapse' });
    await seen(page.getByText('There is no time-lapse'));
    await page.getByText('Time-lapse: how often, for how long').click();
    const often = page.getByRole('textbox', { name: 'A picture every' });
    await often.fill('1');
    await often.press('Enter');
    await until('it is on', async () => (await inForce(program)).snapshots?.every_seconds === 1);
    await accessible();
    await seen(page.getByRole('button', { name: /^View the snapshot of/ }).first());
    await page.getByRole('button', { name: 'A picture every: back to the file’s value' }).click();
    await until('it is off', async () => (await inForce(program)).snapshots?.every_seconds === 0);
  },
);

browserTest('how long events are kept is changed beside them', {}, async ({ page, program, faults }) => {
  faults.expect(/400 \(Bad Request\)/);
  await page.goto('/#events');
  await page.getByText('What is kept of events, and how long').click();
  const days = page.getByRole('textbox', { name: 'Kept for' });
  await days.fill('-2');
  await days.press('Enter');
  await seen(page.getByText('events.days is -2'));
  await days.fill('7');
  await days.press('Enter');
  await until('it is in force', async () => (await inForce(program)).events?.days === 7);
  assert.equal(await page.getByText('events.days is -2').count(), 0);
});

browserTest('events are switched off and on beside them', {}, async ({ page, program, accessible }) => {
  await page.goto('/#events');
  await page.getByText('What is kept of events, and how long').click();
  const keep = page.getByRole('switch', { name: 'Keep events' });
  assert.equal(await keep.isChecked(), true);
  await keep.click();
  await seen(page.getByText('New events aren’t kept: that is switched off.'));
  assert.equal(await keep.isChecked(), false);
  assert.equal((await inForce(program)).events?.enabled, false);
  await accessible();
  await page.getByRole('button', { name: 'Keep events: back to the file’s value' }).click();
  await until('they are kept again', async () => (await inForce(program)).events?.enabled === true);
  await page.getByText('New events aren’t kept: that is switched off.').waitFor({ state: 'detached' });
});
