// Settings changed on the page: at work at once, kept over a kill, checked as the file is.

import assert from 'node:assert/strict';
import { browserTest } from './harness.ts';
import type { Program } from './program.ts';
import { picture, seen, until } from './seen.ts';

/** What is in force. */
async function sensitivity(program: Program): Promise<unknown> {
  const { settings } = (await (await fetch(program.url('/api/settings'))).json()) as {
    settings: { camera: Record<string, { motion: { sensitivity: number } }> };
  };
  return settings.camera.camera0?.motion.sensitivity;
}

browserTest(
  'a slider survives that the program is killed',
  {},
  async ({ page, program, faults, accessible }) => {
    faults.expect(/ERR_|Failed to load resource/);
    await page.goto('/#tuning');
    await picture(page);
    await accessible();
    const slider = page.getByRole('slider', { name: 'Sensitivity' });
    await slider.fill('160');
    await until('0.8 in force', async () => (await sensitivity(program)) === 0.8);
    await program.kill();
    await program.restart();
    assert.equal(await sensitivity(program), 0.8);
    await page.reload();
    assert.equal(await page.getByRole('slider', { name: 'Sensitivity' }).inputValue(), '160');
    // And back to what the file says.
    await page.getByRole('button', { name: 'Sensitivity: back to the file’s value' }).click();
    await until('the default in force', async () => (await sensitivity(program)) === 0.5);
  },
);

browserTest(
  'a value out of its range is told beside its field in the file’s words',
  {},
  async ({ page, program, faults }) => {
    faults.expect(/400 \(Bad Request\)/);
    await page.goto('/#tuning');
    const field = page.getByRole('textbox', { name: 'Sensitivity' });
    await field.fill('3');
    await field.press('Enter');
    await seen(page.getByText('camera[0].motion.sensitivity is 3: allowed are 0 to 1'));
    assert.equal(await field.getAttribute('aria-invalid'), 'true');
    assert.equal(await sensitivity(program), 0.5);
  },
);

browserTest('another size reopens the camera, as the field says', {}, async ({ page, program, faults }) => {
  // Between two frames of different size there is no mask.
  faults.expect(/503.*mask\.png/);
  await page.goto('/#tuning');
  const width = page.getByRole('textbox', { name: 'Width' });
  await width.waitFor();
  await seen(page.getByText('reopens the camera'));
  await width.fill('800');
  await width.press('Enter');
  await until('800 pixels', async () => {
    const { cameras } = (await (await fetch(program.url('/api/cameras'))).json()) as {
      cameras: { opened: { width: number } | null }[];
    };
    return cameras[0]?.opened?.width === 800;
  });
  await picture(page);
});

browserTest(
  'what was learned is paused and forgotten after a question',
  {},
  async ({ page, program, accessible }) => {
    const baseline = async () =>
      (await (await fetch(program.url('/api/baseline'))).json()) as {
        paused: boolean;
        learned_seconds: number;
      };
    await page.goto('/#tuning');
    await page.getByRole('button', { name: 'Pause learning' }).click();
    const dialog = page.getByRole('dialog');
    await seen(dialog.getByText('Pause learning?'));
    await accessible();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    assert.equal((await baseline()).paused, false);
    await page.getByRole('button', { name: 'Pause learning' }).click();
    await dialog.getByRole('button', { name: 'Pause learning' }).click();
    await until('paused', async () => (await baseline()).paused);
    await page.getByRole('button', { name: 'Forget everything' }).click();
    await dialog.getByRole('button', { name: 'Forget everything' }).click();
    await until('forgotten', async () => (await baseline()).learned_seconds === 0);
    await page.getByRole('button', { name: 'Go on learning' }).click();
    await until('learning', async () => !(await baseline()).paused);
  },
);

browserTest('changes that come faster than they are stored are all kept', {}, async ({ page, program }) => {
  await page.goto('/#tuning');
  const fields = [
    'Sensitivity',
    'Smallest thing',
    'Motion counts after',
    'MOTION lasts on',
    'ALERT lasts on',
  ];
  for (const name of fields) {
    const field = page.getByRole('textbox', { name });
    await field.fill('0.75');
    await field.press('Enter');
  }
  await until('all in force', async () => {
    const { settings } = (await (await fetch(program.url('/api/settings'))).json()) as {
      settings: { camera: Record<string, { motion: Record<string, number>; alert: Record<string, number> }> };
    };
    const { motion, alert } = settings.camera.camera0 ?? { motion: {}, alert: {} };
    const found = [
      motion.sensitivity,
      motion.min_area,
      motion.min_seconds,
      motion.hold_seconds,
      alert.hold_seconds,
    ];
    return found.join() === '0.75,0.00075,0.75,0.75,0.75';
  });
});

browserTest(
  'a slider that was moved counts, however soon another page is looked at',
  {},
  async ({ page, program }) => {
    await page.goto('/#tuning');
    await page.getByRole('slider', { name: 'Sensitivity' }).fill('40');
    await page.getByRole('link', { name: 'System' }).click();
    await until('0.2 in force', async () => (await sensitivity(program)) === 0.2);
  },
);

browserTest(
  'a page that was opened in the background is there when it is looked at',
  {},
  async ({ page }) => {
    await page.addInitScript(() => {
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });
    });
    await page.goto('/#tuning');
    await seen(page.getByText('Loading …'));
    await page.evaluate(() => {
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => false });
      document.dispatchEvent(new Event('visibilitychange'));
    });
    await seen(page.getByRole('slider', { name: 'Sensitivity' }));
  },
);

browserTest('the search for anomalies is switched off and on', {}, async ({ page, faults }) => {
  // Without it there is nothing learned to be shown.
  faults.expect(/409.*baseline/);
  await page.goto('/#tuning');
  const search = page.getByRole('switch', { name: 'Anomalies' });
  await search.click();
  await seen(page.getByText('Anomalies aren’t looked for at this camera.'));
  await search.click();
  await seen(page.getByRole('heading', { name: 'Motion by hour' }));
});
