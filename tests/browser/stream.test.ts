// The live picture in an <img> of another page, as the integration guide shows it.

import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { browserTest } from './harness.ts';
import { GUIDES, withSite } from './site.ts';

/** How many colours a PNG has. */
function colours(page: Page, png: Buffer): Promise<number> {
  return page.evaluate(
    async (url) => {
      const image = new Image();
      image.src = url;
      await image.decode();
      const canvas = document.createElement('canvas');
      [canvas.width, canvas.height] = [image.width, image.height];
      const context = canvas.getContext('2d');
      context?.drawImage(image, 0, 0);
      const pixels = context?.getImageData(0, 0, image.width, image.height).data.buffer;
      return new Set(new Uint32Array(pixels ?? new ArrayBuffer())).size;
    },
    `data:image/png;base64,${png.toString('base64')}`,
  );
}

browserTest('an img shows the stream', {}, async ({ page, program, faults }) => {
  faults.expect(/request to another host/);
  await withSite(GUIDES, async (port) => {
    await page.goto(`http://localhost:${port}/`);
    const camera = program.url('/live?t=1').replace('127.0.0.1', 'localhost');
    await page.setContent(`<body style="margin:0"><img src="${camera}" width=640></body>`, {
      waitUntil: 'commit',
    });
    await page.waitForFunction(() => (document.querySelector('img')?.naturalHeight ?? 0) > 0);
    const shot = await page.screenshot({ clip: { x: 0, y: 0, width: 640, height: 480 } });
    // An empty page or a broken picture is white and some grey: the scene has thousands of colours.
    const found = await colours(page, shot);
    assert.ok(found > 1000, `${found} colours`);
  });
});
