// A camera that goes and comes back. A recording stands for it: its file can be taken away.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { browserTest } from './harness.ts';
import { core, picture, RED, seen, style } from './seen.ts';

const folder = mkdtempSync(join(tmpdir(), 'edge-cctv-lost-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const clip = join(folder, 'gate.avi');
const picture2s = 'testsrc=size=320x240:rate=10:duration=2';
execFileSync('ffmpeg', [
  '-loglevel',
  'error',
  '-f',
  'lavfi',
  '-i',
  picture2s,
  '-c:v',
  'mjpeg',
  '-pix_fmt',
  'yuvj420p',
  clip,
]);

browserTest(
  'a lost camera is told in words and comes back by itself',
  { camera: clip },
  async ({ page, accessible }) => {
    await page.goto('/');
    await picture(page);
    renameSync(clip, `${clip}.away`);
    await seen(core(page, 'NO SIGNAL'));
    const banner = page.locator('.banner');
    await seen(banner.getByText(/^Recording missing for \d+ s$/));
    await seen(banner.getByText('It is tried again by itself.'));
    assert.equal(await style(banner, 'border-left-color'), RED);
    await accessible();
    renameSync(`${clip}.away`, clip);
    await seen(core(page, 'IDLE').or(core(page, 'MOTION')));
    await picture(page);
  },
);
