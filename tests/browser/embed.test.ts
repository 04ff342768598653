// The page as the program serves it: whole, from nowhere else, small.

import assert from 'node:assert/strict';
import { get, type IncomingHttpHeaders } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { browserTest, slowDown } from './harness.ts';

/** All scripts and styles, as they go over the network. */
const LARGEST_BYTES = 170_000;

interface Reply {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  /** As it went over the network. */
  bytes: Buffer;
  text: string;
}

/** Asks as a browser does. */
function ask(url: string): Promise<Reply> {
  const headers = { 'accept-encoding': 'gzip, deflate, br', accept: 'text/html,*/*;q=0.8' };
  return new Promise((resolve, reject) => {
    get(url, { headers }, async (response) => {
      const bytes = Buffer.concat(await Array.fromAsync(response as AsyncIterable<Buffer>));
      const text = (response.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString();
      resolve({ status: response.statusCode, headers: response.headers, bytes, text });
    }).on('error', reject);
  });
}

browserTest('the page loads with a strict policy and asks no other host', {}, async ({ page, program }) => {
  const response = await page.goto('/');
  assert.equal(response?.status(), 200, 'the page is built into the program (make page, then cargo build)');
  const policy = response?.headers()['content-security-policy'] ?? '';
  assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self';/);
  assert.doesNotMatch(policy, /unsafe|http|\*/);
  assert.equal(response?.headers()['x-content-type-options'], 'nosniff');
  // Something is drawn by the script.
  await page.waitForSelector('nav');
  const again = await page.reload();
  assert.ok(again?.status() === 200 || again?.status() === 304);
  assert.equal(new URL(page.url()).origin, new URL(program.url()).origin);
});

browserTest('scripts and styles are small and kept by browsers', {}, async ({ program }) => {
  const html = await ask(program.url('/'));
  const waiting = [html.text];
  const sizes = new Map<string, number>();
  // Scripts name those that are loaded later.
  for (let text = waiting.pop(); text !== undefined; text = waiting.pop()) {
    for (const [name] of text.matchAll(/[\w.-]+\.(?:js|css)\b/g)) {
      if (sizes.has(name)) continue;
      const file = await ask(program.url(`/assets/${name}`));
      // What looks like a name in a script need not be one.
      if (file.status !== 200) continue;
      assert.equal(file.headers['content-encoding'], 'gzip', name);
      assert.match(file.headers['cache-control'] ?? '', /immutable/, name);
      sizes.set(name, file.bytes.length);
      waiting.push(file.text);
    }
  }
  assert.ok(sizes.size > 0, html.text);
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  console.log(`scripts and styles: ${total} bytes compressed`, Object.fromEntries(sizes));
  assert.ok(total <= LARGEST_BYTES, `${total} bytes`);
});

browserTest('the first thing is drawn soon on a slow machine', {}, async ({ page }) => {
  await slowDown(page, 4);
  await page.goto('/');
  const drawn = await page.waitForFunction(
    () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
  );
  const paint = Math.round((await drawn.jsonValue()) ?? 0);
  await page.waitForSelector('nav');
  const whole = Math.round(await page.evaluate(() => performance.now()));
  // Figures, not limits: other work on the machine counts too.
  console.log(`four times slowed down: first contentful paint ${paint} ms, whole page ${whole} ms`);
});
