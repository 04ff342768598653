import { expect, it } from 'vitest';
import { isLoopback } from './loopback.ts';

it('only this machine itself is reached without a network', () => {
  for (const host of ['localhost', 'edge.localhost', '127.0.0.1', '127.1.2.3', '[::1]']) {
    expect(isLoopback(host), host).toBe(true);
  }
  for (const host of [
    '192.168.1.4',
    'camera.local',
    '127.0.0.1.evil.test',
    'localhost.evil.test',
    '[fe80::1]',
  ]) {
    expect(isLoopback(host), host).toBe(false);
  }
});
