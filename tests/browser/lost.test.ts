// A camera that goes and comes back. A folder of pictures stands for it: it can be taken away.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { browserTest } from './harness.ts';
import { coloured, core, picture, RED, seen } from './seen.ts';

const folder = mkdtempSync(join(tmpdir(), 'edge-cctv-lost-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const pictures = join(folder, 'gate');
mkdirSync(pictures);
const ffmpeg = ['-loglevel', 'error', '-f', 'lavfi', '-i', 'testsrc=size=320x240:rate=10:duration=2'];
execFileSync('ffmpeg', [...ffmpeg, join(pictures, '%03d.jpg')]);

browserTest(
  'a lost camera is told in words and comes back by itself',
  { camera: pictures },
  async ({ page, accessible }) => {
    await page.goto('/');
    await picture(page);
    renameSync(pictures, `${pictures}.away`);
    await seen(core(page, 'NO SIGNAL'));
    const banner = page.locator('.banner');
    await seen(banner.getByText(/^Recording missing for \d+ s$/));
    await seen(banner.getByText('It is tried again by itself.'));
    await coloured(banner, 'border-left-color', RED);
    await accessible();
    renameSync(`${pictures}.away`, pictures);
    await seen(core(page, 'IDLE').or(core(page, 'MOTION')));
    await picture(page);
  },
);
