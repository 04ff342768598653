// The harness itself: what it must notice, it notices.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { browserTest } from './harness.ts';

browserTest('a killed program comes back at its address with its state', {}, async ({ program }) => {
  const address = program.url();
  const { filename } = (await (await fetch(program.url('/snapshot'), { method: 'POST' })).json()) as {
    filename: string;
  };
  await program.kill();
  await assert.rejects(fetch(program.url('/healthz')));
  await program.restart();
  assert.equal(program.url(), address);
  assert.equal((await fetch(program.url(`/api/snapshots/${filename}`))).status, 200);
});

browserTest('errors, violations and foreign requests are noticed', {}, async ({ page, faults }) => {
  const server = createServer((_request, response) => {
    response.setHeader('content-security-policy', "default-src 'none'; script-src 'unsafe-inline'");
    response.setHeader('content-type', 'text/html');
    response.end(`<script>
      console.error('an error in words');
      setTimeout(() => { throw new Error('an error thrown'); });
      document.write('<img src="/picture.png">');
    </script>`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await page.goto(`http://127.0.0.1:${port}/`);
  await page.waitForTimeout(300);
  await new Promise((resolve) => server.close(resolve).closeAllConnections());
  for (const pattern of [
    /console: an error in words/,
    /an error thrown/,
    /violates the following Content Security Policy directive/,
    new RegExp(`request to another host: http://127.0.0.1:${port}/`),
  ]) {
    assert.ok(
      faults.unexpected().some((fault) => pattern.test(fault)),
      `${pattern}: ${faults.unexpected()}`,
    );
    faults.expect(pattern);
  }
});

browserTest('what some people can not use is told, under a strict policy too', {}, async (stage) => {
  await stage.page.goto('/');
  await stage.page.evaluate(() => document.body.append(document.createElement('button')));
  await assert.rejects(stage.accessible(), /button-name \(critical\): Buttons must have discernible text/);
});
