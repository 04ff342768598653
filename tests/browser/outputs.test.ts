// LEDs and relays: as they are, tried out, silenced, armed.

import assert from 'node:assert/strict';
import { browserTest } from './harness.ts';
import type { Program } from './program.ts';
import { seen, until } from './seen.ts';

const config = `
[outputs]
driver = "none"
[[led]]
name = "lamp"
line = "GPIO17"
shows = "alert"
[[relay]]
name = "siren"
line = "GPIO22"
[[camera]]
source = "demo"
autostart = false
`;

async function closings(program: Program): Promise<number> {
  const body = (await (await fetch(program.url('/api/outputs/history'))).json()) as { closings: unknown[] };
  return body.closings.length;
}

browserTest(
  'a relay is tried out after a question only',
  { config },
  async ({ page, program, accessible }) => {
    await page.goto('/#outputs');
    const siren = page.getByRole('region', { name: 'Relay siren' });
    await seen(siren.getByText('open', { exact: true }));
    await accessible();
    await page.getByRole('button', { name: 'Test siren' }).click();
    const dialog = page.getByRole('dialog');
    await seen(dialog.getByText('Close the relay siren?'));
    await accessible();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    assert.equal(await closings(program), 0);

    await page.getByRole('button', { name: 'Test siren' }).click();
    await dialog.getByRole('button', { name: 'Close it' }).click();
    await seen(siren.getByText('closed', { exact: true }));
    await seen(siren.getByText('open', { exact: true }));
    assert.equal(await closings(program), 1);
    await seen(page.getByRole('row', { name: /^siren/ }));
  },
);

browserTest('an LED is tried out without a question', { config }, async ({ page }) => {
  await page.goto('/#outputs');
  const lamp = page.getByRole('region', { name: 'LED lamp' });
  await seen(lamp.getByText('dark', { exact: true }));
  await page.getByRole('button', { name: 'Test lamp' }).click();
  await seen(lamp.getByText('lit', { exact: true }));
  await seen(lamp.getByText('dark', { exact: true }));
});

browserTest('alarms are disarmed, armed and silenced', { config }, async ({ page, program }) => {
  const arming = async () =>
    (await (await fetch(program.url('/api/arm'))).json()) as { armed: boolean; silent_until: string | null };
  await page.goto('/#outputs');
  await page.getByRole('button', { name: 'Disarm' }).click();
  await seen(page.getByText('Disarmed: no relay closes.'));
  assert.equal((await arming()).armed, false);
  await page.getByRole('button', { name: 'Arm', exact: true }).click();
  await seen(page.getByText('Armed: relays may close.'));
  await page.getByRole('button', { name: 'Silence alarm' }).click();
  await seen(page.getByText(/^Silent until \d\d:\d\d:\d\d$/));
  await page.getByRole('button', { name: 'End silence' }).click();
  await until('silence ended', async () => (await arming()).silent_until === null);
});
