// Another site on this machine. Knows nothing of the program.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Any port that is free. */
export const ANY = [0];
/** The guide's, whose sites the program lists by itself. One of them may be taken on this machine. */
export const GUIDES = [3001, 3000];

/** Serves a site whose page is empty, so that others can be put into it, on the first of the ports that is free. */
export async function withSite(ports: number[], use: (port: number) => Promise<void>): Promise<void> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><title>another site</title>');
  });
  for (const port of ports) {
    server.listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (isFree) break;
  }
  assert.ok(server.listening, `none of the ports ${ports} is free`);
  try {
    await use((server.address() as AddressInfo).port);
  } finally {
    await new Promise((resolve) => server.close(resolve).closeAllConnections());
  }
}
