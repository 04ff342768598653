// Pages of other sites, and what they can do with a camera that the browser reaches: nothing, but for those of the guide.

import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import type { Page } from 'playwright-core';
import { browserTest } from './harness.ts';
import type { Program } from './program.ts';
import { logIn, picture, until } from './seen.ts';
import { ANY, GUIDES, withSite } from './site.ts';

const PASSWORD = 'a password of the admin';

/** What a page got out of a camera. */
interface Loot {
  /** Addresses whose answer it could read. */
  read: string[];
  /** Messages of the WebSocket and of the event stream. */
  socket: boolean;
  events: boolean;
  /** Pictures of which it saw at least the width. */
  pictures: string[];
  /** Answers that ran as scripts. */
  scripts: string[];
}

/** Tries all that a page can try at a camera. Runs in the page. */
async function tryAll(camera: string): Promise<Loot> {
  /** So long may anything take that nobody refuses. */
  const PATIENCE_MS = 4000;
  const soon = <T>(promise: Promise<T>, otherwise: T) =>
    Promise.race([promise, new Promise<T>((done) => setTimeout(() => done(otherwise), PATIENCE_MS))]);
  const json = (body: unknown) => JSON.stringify(body);
  const commands: [path: string, body: string][] = [
    ['/snapshot', ''],
    ['/api/arm', json({ mode: 'disarmed' })],
    ['/api/alert/silence', json({ seconds: 600 })],
    ['/api/baseline/pause', json({ paused: true })],
    ['/api/baseline/reset', ''],
    ['/api/password', json({ user: 'admin', current: null, new: 'taken over by evil' })],
    ['/api/login', json({ user: 'admin', password: 'guessed by evil' })],
    ['/api/tokens', json({ name: 'evil', scope: 'admin' })],
    ['/api/logout', ''],
    ['/stop', ''],
  ];
  const paths = [
    '/',
    '/status',
    '/api/cameras',
    '/api/snapshots',
    '/api/session',
    '/api/access',
    '/api/settings',
  ];

  const read: string[] = [];
  const fetched = async (path: string, init: RequestInit) => {
    try {
      const response = await fetch(camera + path, { credentials: 'include', ...init });
      if (response.ok) read.push(`${init.method ?? 'GET'} ${path}`);
      await response.text();
    } catch {
      // Not allowed to know.
    }
  };
  const ending = (method: string, frame: HTMLIFrameElement, path: string, type: string) =>
    soon(
      new Promise<void>((done) => {
        const form = document.createElement('form');
        Object.assign(form, { method, action: camera + path, target: frame.name, enctype: type });
        const field = document.createElement('input');
        [field.name, field.value] = ['{"mode":"disarmed","x":"', '"}'];
        form.append(field);
        document.body.append(form);
        frame.addEventListener('load', () => done(), { once: true });
        form.submit();
      }),
      undefined,
    );
  const picture = async (path: string) => {
    const image = new Image();
    document.body.append(image);
    image.src = `${camera}${path}`;
    const until = Date.now() + PATIENCE_MS;
    while (image.naturalWidth === 0 && Date.now() < until) {
      if (image.complete) break;
      await new Promise((done) => setTimeout(done, 50));
    }
    const width = image.naturalWidth;
    image.remove();
    return width > 0 ? [path] : [];
  };
  const script = (path: string) =>
    soon(
      new Promise<string[]>((done) => {
        const element = document.createElement('script');
        element.src = camera + path;
        element.onload = () => done([path]);
        element.onerror = () => done([]);
        document.body.append(element);
      }),
      [],
    );
  const socket = new Promise<boolean>((done) => {
    const opened = new WebSocket(`${camera.replace(/^http/, 'ws')}/ws/live`);
    opened.onmessage = () => {
      done(true);
      opened.close();
    };
    opened.onerror = () => done(false);
  });
  const events = new Promise<boolean>((done) => {
    const source = new EventSource(`${camera}/api/status/stream`, { withCredentials: true });
    source.onmessage = () => {
      done(true);
      source.close();
    };
    source.onerror = () => {
      done(false);
      source.close();
    };
  });

  for (const path of paths) await fetched(path, {});
  const pictures = [...(await picture('/live?t=1')), ...(await picture('/api/mask.png?t=1'))];
  const heard = { socket: await soon(socket, false), events: await soon(events, false) };
  const scripts = [...(await script('/status')), ...(await script('/api/openapi.json'))];
  for (const [path, body] of commands) {
    await fetched(path, { method: 'POST', mode: 'no-cors', body });
    await fetched(path, { method: 'POST', body });
    await fetched(path, { method: 'POST', body, headers: { 'Content-Type': 'application/json' } });
  }
  await fetched('/api/settings', { method: 'PATCH', body: json({ arming: { start: 'disarmed' } }) });
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
    for (const path of ['/api/arm', '/snapshot', '/api/logout', '/stop']) {
      const frame = document.createElement('iframe');
      frame.name = `frame ${type} ${path}`;
      document.body.append(frame);
      await ending('post', frame, path, type);
      frame.remove();
    }
  }
  return { read, pictures, ...heard, scripts };
}

const NOTHING: Loot = { read: [], socket: false, events: false, pictures: [], scripts: [] };

/** What pages of other sites must not change. */
async function condition(program: Program): Promise<unknown> {
  const ask = async (path: string) => (await program.ask(path)).json();
  const { streaming, armed, silent_until, anomaly_stats } = await ask('/status');
  const { total } = await ask('/api/snapshots');
  const { paused } = anomaly_stats ?? {};
  const { tokens, failed_logins, sessions, users } = await ask('/api/access');
  const { settings, changed } = await ask('/api/settings');
  return {
    ...{ streaming, armed, silent_until, paused, total },
    ...{ tokens, failed_logins, sessions, users, settings, changed },
  };
}

/** What the program logs when somebody does something to it. */
const DONE = /stopp|released|snapshot|arm|silen|forgotten|password|log(ged)? ?(in|out)|token|setting/i;

/** Where a frame of the page ends up that wants to show the camera's page. */
async function framed(page: Page, camera: string): Promise<string> {
  await page.setContent(`<!doctype html><title>another site</title><iframe src="${camera}/"></iframe>`, {
    waitUntil: 'load',
  });
  const shown = () => page.frames()[1]?.url() ?? '';
  await until('the frame shows something', async () => shown() !== '');
  return shown();
}

/** The program by its address and, as in its network, by this machine's name: there browsers don't tell whence they ask. */
const byName = (program: Program) => program.url('').replace('127.0.0.1', `${hostname()}.local`);
const byAddress = (program: Program) => program.url('');

for (const [way, camera] of [
  ['its address', byAddress],
  ['its name', byName],
] as const) {
  for (const [who, passwords] of [
    ['that is open', undefined],
    ['at which the browser is logged in', { admin: PASSWORD }],
  ] as const) {
    browserTest(
      `a hostile page gets nothing from a camera ${who}, by ${way}`,
      { ...(passwords === undefined ? {} : { passwords }) },
      async ({ page, program, faults }) => {
        faults.expect(/request to another host|^console: /);
        const target = camera(program);
        await page.goto(`${target}/`);
        if (passwords !== undefined) await logIn(page, PASSWORD);
        await picture(page);
        const before = await condition(program);
        const logged = program.log().length;

        await withSite(ANY, async (port) => {
          const hostile = await page.context().newPage();
          await hostile.goto(`http://evil.test:${port}/`);
          assert.deepEqual(await hostile.evaluate(tryAll, target), NOTHING);
          assert.equal(await framed(hostile, target), 'chrome-error://chromewebdata/');
        });
        assert.deepEqual(await condition(program), before);
        const since = program.log().slice(logged);
        assert.doesNotMatch(since, DONE);
        // The camera's own page goes on: nobody was logged out, and the picture is there.
        await page.reload();
        await picture(page);
      },
    );
  }
}

for (const [who, passwords] of [
  ['that is open', undefined],
  ['with a password', { admin: PASSWORD }],
] as const) {
  browserTest(
    `a stranger’s name that was made to lead to a camera ${who} opens nothing`,
    // As if the page had come from the stranger before its name was changed: the camera's policy doesn't hold for it.
    { context: { bypassCSP: true }, ...(passwords === undefined ? {} : { passwords }) },
    async ({ page, program, faults }) => {
      faults.expect(/request to another host|^console: /);
      const stranger = program.url('').replace('127.0.0.1', 'rebind.test');
      const before = await condition(program);
      const logged = program.log().length;
      const response = await page.goto(`${stranger}/`);
      assert.equal(response?.status(), 421);
      assert.doesNotMatch(await page.content(), /streaming|version|camera0/);
      assert.deepEqual(await page.evaluate(tryAll, stranger), NOTHING);
      assert.deepEqual(await condition(program), before);
      assert.doesNotMatch(program.log().slice(logged), DONE);
    },
  );
}

browserTest(
  'the guide’s page on another port reads, commands and shows the camera, and no other port does',
  {},
  async ({ page, program, faults }) => {
    faults.expect(/request to another host|^console: /);
    const camera = program.url('').replace('127.0.0.1', 'localhost');
    const before = await condition(program);
    await withSite(ANY, async (port) => {
      await page.goto(`http://localhost:${port}/`);
      const loot = await page.evaluate(tryAll, camera);
      // To browsers it is the same site, to which pictures are shown.
      assert.deepEqual({ ...loot, pictures: [] }, NOTHING);
      assert.deepEqual(await condition(program), before);
    });

    const logged = program.log().length;
    await withSite(GUIDES, async (port) => {
      await page.goto(`http://localhost:${port}/`);
      const post = (path: string) =>
        page.evaluate(
          async ([camera, path]) => {
            const response = await fetch(`${camera}${path}`, { method: 'POST', credentials: 'include' });
            return { ok: response.ok, answer: await response.json() };
          },
          [camera, path] as const,
        );
      assert.deepEqual((await post('/stop')).answer, { status: 'camera stopped', ai_pipeline: 'reset' });
      assert.equal((await post('/start')).answer.status, 'ready');
      await until('a picture', async () => (await post('/snapshot')).ok);
      assert.match((await post('/snapshot')).answer.filename, /^snapshot_\d+(_\d+)?\.jpg$/);
      // All that a hostile page tries in vain works here: it is tried in earnest.
      const loot = await page.evaluate(tryAll, camera);
      for (const path of ['/', '/status', '/api/cameras', '/api/snapshots']) {
        assert.ok(loot.read.includes(`GET ${path}`), `${path}: ${loot.read}`);
      }
      for (const path of ['/api/access', '/api/session']) {
        assert.ok(!loot.read.includes(`GET ${path}`), `${path}: ${loot.read}`);
      }
      for (const path of ['/snapshot', '/api/arm', '/api/alert/silence']) {
        assert.ok(loot.read.includes(`POST ${path}`), `${path}: ${loot.read}`);
      }
      assert.deepEqual(loot.pictures, ['/live?t=1', '/api/mask.png?t=1']);
      assert.ok(loot.socket && loot.events);
    });
    assert.match(program.log().slice(logged), DONE);
    // But for who may come in: that is for the camera's own page.
    assert.equal((await program.ask('/status')).status, 200);
  },
);
