// Who may see and change what: login, logout, passwords, tokens, links.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { browserTest } from './harness.ts';
import type { Program } from './program.ts';
import { logIn, picture, seen, status, until } from './seen.ts';

const ADMIN = 'a password of the admin';
const VIEWER = 'a password of the viewer';
const ANOTHER = 'quite another password';
const passwords = { admin: ADMIN, viewer: VIEWER };

/** Chromium tells of each refusal; of a login that failed, and of what was asked when the session had ended. */
const WRONG = /401.*api\/login/;
const ENDED = /401 \(Unauthorized\)|ERR_INCOMPLETE_CHUNKED_ENCODING/;

const signedIn = (page: Page) => seen(page.getByRole('button', { name: /^Log out (admin|viewer)$/ }));
const loggedOut = (page: Page) => seen(page.getByRole('heading', { name: 'Log in' }));
const card = (page: Page, heading: string) => page.getByRole('region', { name: heading });

/** As soon as there is a picture. */
const takeSnapshot = (program: Program) =>
  until('a snapshot', async () => (await program.ask('/snapshot', { method: 'POST' })).ok);

/** What a page asks the program for, from now on. */
function asked(page: Page): string[] {
  const paths: string[] = [];
  page.on('request', (request) => paths.push(new URL(request.url()).pathname));
  return paths;
}

browserTest(
  'nothing is told before the login, and after it one is where one wanted to be',
  { passwords },
  async ({ page, faults, accessible }) => {
    faults.expect(WRONG);
    const paths = asked(page);
    await page.goto('/#outputs');
    await loggedOut(page);
    await accessible();
    assert.equal(await page.getByLabel('User name').inputValue(), 'admin');
    assert.equal(await page.getByLabel('Password', { exact: true }).getAttribute('type'), 'password');
    await page.waitForTimeout(1500);
    assert.deepEqual(
      paths.filter((path) => !path.startsWith('/assets/')),
      ['/', '/api/session'],
    );
    assert.equal(await page.title(), 'Log in · Smart Edge-AI CCTV System');
    assert.doesNotMatch(await page.content(), /camera0|\d+\.\d+\.\d+/);

    const before = await page.evaluate(() => history.length);
    await logIn(page, 'a wrong password');
    await seen(page.getByRole('alert').getByText('User name or password is wrong.'));
    await accessible();
    await logIn(page, ADMIN);
    await seen(page.getByRole('heading', { name: 'Outputs' }));
    assert.equal(await page.evaluate(() => location.hash), '#outputs');
    assert.equal(await page.evaluate(() => history.length), before);
    await page.reload();
    await seen(page.getByRole('heading', { name: 'Outputs' }));
  },
);

browserTest('the password can be looked at', { passwords }, async ({ page }) => {
  await page.goto('/');
  const field = page.getByLabel('Password', { exact: true });
  await field.fill(ADMIN);
  await page.getByRole('button', { name: 'Show the password: Password' }).click();
  assert.equal(await field.getAttribute('type'), 'text');
  assert.equal(await field.inputValue(), ADMIN);
  await page.getByRole('button', { name: 'Log in' }).click();
  await signedIn(page);
});

browserTest(
  'whoever tries too often must wait, and then comes in with the right password',
  { passwords },
  async ({ page, faults }) => {
    faults.expect(/(401|429).*api\/login/);
    await page.goto('/');
    const tooMany = page
      .getByRole('alert')
      .getByText(/^Too many attempts\. It can be tried again in \d+ s\.$/);
    for (let tries = 0; tries < 10 && !(await tooMany.isVisible()); tries += 1) {
      const answered = page.waitForResponse(/api\/login/);
      await logIn(page, `wrong for the ${tries}. time`);
      await answered;
      await seen(page.getByRole('alert'));
    }
    await seen(tooMany);
    assert.ok(await page.getByRole('button', { name: /^Wait \d+ s$/ }).isDisabled());
    await seen(page.getByRole('button', { name: 'Log in' }));
    assert.ok(!(await tooMany.isVisible()));
    await logIn(page, ADMIN);
    await signedIn(page);
  },
);

browserTest('that the program can’t be reached is told at the login', { passwords }, async (stage) => {
  const { page, program, faults } = stage;
  faults.expect(/ERR_CONNECTION_REFUSED/);
  await page.goto('/');
  await loggedOut(page);
  await program.kill();
  await logIn(page, ADMIN);
  await seen(page.getByRole('alert').getByText('The camera system can’t be reached.'));
  await program.restart();
  await logIn(page, ADMIN);
  await signedIn(page);
});

browserTest(
  'that the passwords are damaged is told with what mends them, and the login comes back by itself',
  { passwords },
  async ({ page, program, accessible }) => {
    await program.kill();
    writeFileSync(join(program.state, 'access.json'), '{');
    await program.restart();
    await page.goto('/');
    await seen(page.getByRole('alert').getByText('edge-cctv passwd'));
    assert.equal(await page.locator('form').count(), 0);
    await accessible();
    program.passwd([], `${ANOTHER}\n`);
    await logIn(page, ANOTHER);
    await signedIn(page);
  },
);

browserTest(
  'a viewer sees the picture and the snapshots, and nothing that isn’t for viewers',
  { passwords },
  async ({ page, program, accessible }) => {
    await takeSnapshot(program);
    // Whatever were refused would be an error in the console, and fail the test.
    await page.goto('/#zones');
    await logIn(page, VIEWER, 'viewer');
    await picture(page);
    await accessible();
    const pages = page.getByRole('navigation').getByRole('link');
    assert.deepEqual(await pages.allInnerTexts(), ['Live', 'Events', 'Snapshots']);
    const buttons = page.locator('main').getByRole('button');
    assert.deepEqual(await buttons.allInnerTexts(), ['Full screen']);
    for (const name of ['tuning', 'outputs', 'system', 'access']) {
      await page.evaluate((name) => {
        location.hash = name;
      }, name);
      await seen(page.locator('main#live'));
    }
    await page.getByRole('link', { name: 'Snapshots' }).click();
    await page.getByRole('button', { name: /^View the snapshot of/ }).click();
    const dialog = page.getByRole('dialog');
    await seen(dialog.getByRole('button', { name: 'Copy link' }));
    assert.equal(await page.getByRole('button', { name: 'Delete' }).count(), 0);
    await accessible();
  },
);

browserTest(
  'a viewer sees that the camera was stopped, and not how to start it',
  { passwords },
  async (stage) => {
    const { page, program } = stage;
    await page.goto('/');
    await logIn(page, VIEWER, 'viewer');
    await picture(page);
    await program.ask('/stop', { method: 'POST' });
    await seen(page.locator('.banner').getByText('The camera is stopped.'));
    assert.ok(!(await page.getByText('DEPLOY').isVisible()));
  },
);

browserTest('whoever logs out is out, and the stream with them', { passwords }, async ({ page, program }) => {
  await page.goto('/');
  await logIn(page, ADMIN);
  await picture(page);
  await page.getByRole('button', { name: 'Log out admin' }).click();
  await loggedOut(page);
  assert.equal(await page.getByText('You were logged out.').count(), 0);
  await until('no viewer', async () => (await status(program)).viewers === 0);
  await page.reload();
  await loggedOut(page);
});

browserTest(
  'another password ends the sessions of other browsers, and their pages go on where they were',
  { passwords },
  async ({ page, program, faults, somebodyElse }) => {
    faults.expect(ENDED);
    await page.goto('/#tuning');
    await logIn(page, ADMIN);
    await picture(page);
    const other = await somebodyElse();
    await other.goto('/#access');
    await logIn(other, ADMIN);
    const own = card(other, 'Your password');
    await own.getByLabel('Current password', { exact: true }).fill(ADMIN);
    await own.getByLabel('New password', { exact: true }).fill(ANOTHER);
    await own.getByRole('button', { name: 'Change' }).click();
    await seen(own.getByText(/^Changed\./));

    await loggedOut(page);
    await seen(page.getByText('You were logged out.'));
    assert.equal(await page.evaluate(() => location.hash), '#tuning');
    await until('no viewer', async () => (await status(program, ANOTHER)).viewers === 0);
    const paths = asked(page);
    await page.waitForTimeout(3000);
    assert.deepEqual(paths, []);

    await logIn(page, ANOTHER);
    await seen(page.getByRole('heading', { name: 'Tuning' }));
    await picture(page);
    // The one who changed it stayed.
    await signedIn(other);
  },
);

browserTest(
  'a password is refused with the reason, and a good one is proposed',
  { passwords },
  async ({ page, faults, accessible }) => {
    faults.expect(/401.*api\/password/);
    await page.goto('/#access');
    await logIn(page, ADMIN);
    const own = card(page, 'Your password');
    const change = own.getByRole('button', { name: 'Change' });
    await own.getByLabel('Current password', { exact: true }).fill('wrong');
    await own.getByLabel('New password', { exact: true }).fill('short');
    await seen(own.getByText('5 more characters: at least 10'));
    assert.ok(await change.isDisabled());
    await own.getByRole('button', { name: 'Propose one' }).click();
    const field = own.getByLabel('New password', { exact: true });
    const proposed = await field.inputValue();
    assert.match(proposed, /^(\w{5}-){3}\w{5}$/);
    assert.equal(await field.getAttribute('type'), 'text');
    await seen(own.getByText('Very good'));
    await accessible();
    await change.click();
    await seen(own.getByRole('alert').getByText('Your own password is wrong.'));
    // A wrong one logs nobody out.
    await signedIn(page);
    await own.getByLabel('Current password', { exact: true }).fill(ADMIN);
    await change.click();
    await seen(own.getByText(/^Changed\./));
    await page.getByRole('button', { name: 'Log out admin' }).click();
    await logIn(page, proposed);
    await signedIn(page);
  },
);

browserTest(
  'the viewer’s password is set and removed by the administrator',
  { passwords: { admin: ADMIN } },
  async ({ page, faults, somebodyElse, accessible }) => {
    faults.expect(ENDED);
    await page.goto('/#access');
    await logIn(page, ADMIN);
    const viewers = card(page, 'The viewer’s password');
    await seen(viewers.getByText('There is none: nobody can log in as viewer.'));
    await viewers.getByLabel('Your own password', { exact: true }).fill(ADMIN);
    await viewers.getByLabel('New password of the viewer', { exact: true }).fill(VIEWER);
    await viewers.getByRole('button', { name: 'Set' }).click();
    const other = await somebodyElse();
    await other.goto('/');
    await logIn(other, VIEWER, 'viewer');
    await picture(other);

    await viewers.getByRole('button', { name: 'Remove' }).click();
    const dialog = page.getByRole('dialog', { name: 'Remove the viewer’s password?' });
    await dialog.getByLabel('Your own password', { exact: true }).fill(ADMIN);
    await accessible();
    await dialog.getByRole('button', { name: 'Remove' }).click();
    await seen(viewers.getByText('There is none: nobody can log in as viewer.'));
    await seen(other.getByText('You were logged out.'));
    await logIn(other, VIEWER, 'viewer');
    await seen(other.getByText('User name or password is wrong.'));
  },
);

browserTest(
  'the list tells who is logged in, and ends their sessions',
  { passwords },
  async ({ page, faults, somebodyElse, accessible }) => {
    faults.expect(ENDED);
    const others = [await somebodyElse(), await somebodyElse(), await somebodyElse()] as const;
    for (const other of others) {
      await other.goto('/#snapshots');
      await logIn(other, VIEWER, 'viewer');
      await signedIn(other);
    }
    await page.goto('/#access');
    await logIn(page, ADMIN);
    const sessions = card(page, 'Logged in');
    await seen(sessions.getByText('this one'));
    assert.equal(await sessions.getByRole('listitem').count(), 4);
    await seen(sessions.getByText(/^Chrome \d+, Linux/));
    await sessions
      .getByRole('button', { name: /^Log out Chrome \d+, Linux at 127\.0\.0\.1$/ })
      .first()
      .click();
    // Begun last, it is the first in the list.
    await loggedOut(others[2]);
    await signedIn(others[0]);
    await sessions.getByRole('button', { name: 'Log out all others' }).click();
    await accessible();
    await page.getByRole('dialog').getByRole('button', { name: 'Log out all others' }).click();
    for (const other of others) await loggedOut(other);
    await until('one session is left', async () => (await sessions.getByRole('listitem').count()) === 1);
    await signedIn(page);
  },
);

browserTest(
  'a token is shown once, lets a program do what it may, and is revoked',
  { passwords },
  async ({ page, program, faults, accessible }) => {
    faults.expect(/409.*api\/tokens/);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.goto('/#access');
    await logIn(page, ADMIN);
    const tokens = card(page, 'Tokens');
    const dialog = page.getByRole('dialog', { name: 'The token home-assistant' });
    const make = async () => {
      await tokens.getByLabel('Name', { exact: true }).fill('home-assistant');
      await tokens.getByRole('button', { name: 'Make a token' }).click();
    };
    await make();
    await accessible();
    const token = await dialog.getByLabel('Token', { exact: true }).inputValue();
    await dialog.getByRole('button', { name: 'Copy' }).click();
    await seen(dialog.getByText('Copied.'));
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), token);
    await dialog.getByRole('button', { name: 'Close' }).click();
    await seen(tokens.getByText(/never used$/));

    const use = async (path: string, method = 'GET') =>
      (await fetch(program.url(path), { method, headers: { authorization: `Bearer ${token}` } })).status;
    assert.equal(await use('/status'), 200);
    assert.equal(await use('/stop', 'POST'), 403);
    assert.equal(await use('/api/settings'), 403);
    await seen(tokens.getByText(/last used \d+/));
    assert.ok(!(await page.content()).includes(token));

    await make();
    await seen(tokens.getByRole('alert').getByText(/^Name is taken/));
    await tokens.getByRole('button', { name: 'Revoke home-assistant' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
    await seen(tokens.getByText('There are none.'));
    assert.equal(await use('/status'), 401);
  },
);

browserTest(
  'on a checkout nobody needs to log in until there is a password',
  {},
  async ({ page, program, somebodyElse, accessible, faults }) => {
    faults.expect(ENDED);
    const other = await somebodyElse();
    await other.goto('/');
    await picture(other);
    await page.goto('/#access');
    const open = card(page, 'Nobody needs to log in');
    await seen(open.getByText('Whoever reaches this page sees everything and may change everything.'));
    assert.equal(await page.getByRole('button', { name: /^Log out/ }).count(), 0);
    await accessible();
    await open.getByLabel('New password', { exact: true }).fill(ADMIN);
    await open.getByRole('button', { name: 'Set the password' }).click();
    await signedIn(page);
    await seen(card(page, 'Your password'));
    assert.equal((await fetch(program.url('/status'))).status, 401);
    await loggedOut(other);
    await logIn(other, ADMIN);
    await picture(other);
  },
);

browserTest(
  'where the configuration wants no password the page says so and offers none',
  { camera: 'demo', config: '[server]\nauth = "none"\n', passwords },
  async ({ page, accessible }) => {
    await page.goto('/#access');
    const open = card(page, 'Nobody needs to log in');
    await seen(open.getByText('auth = "none"'));
    assert.equal(await page.locator('input[type="password"]').count(), 0);
    await accessible();
  },
);

browserTest('a password that the device made is to be changed', { passwords }, async (stage) => {
  const { page, program, accessible } = stage;
  const make = async () => {
    await program.kill();
    const made = /password: (\S+)/.exec(program.passwd(['--generate']))?.[1] ?? '';
    await program.restart();
    return made;
  };
  const made = await make();
  await page.goto('/');
  await logIn(page, made);
  const hint = page.getByText('This is still the password that the device made.');
  await seen(hint);
  await picture(page);
  await accessible();
  await page.getByRole('link', { name: 'Snapshots' }).click();
  await seen(hint);
  await page.getByRole('link', { name: 'Change it' }).click();
  const own = card(page, 'Your password');
  await own.getByLabel('Current password', { exact: true }).fill(made);
  await own.getByLabel('New password', { exact: true }).fill(ANOTHER);
  await own.getByRole('button', { name: 'Change' }).click();
  await hint.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Log out admin' }).click();
  await loggedOut(page);
  // Who may not change it isn't told.
  await make();
  await page.goto('/');
  await logIn(page, VIEWER, 'viewer');
  await signedIn(page);
  assert.equal(await hint.count(), 0);
});

browserTest('a link shows one snapshot to somebody who isn’t logged in', { passwords }, async (stage) => {
  const { page, program, faults, somebodyElse, accessible } = stage;
  // The browser's own viewer of pictures wants a style that the picture's policy doesn't allow.
  faults.expect(/Applying inline style/);
  await takeSnapshot(program);
  await page.goto('/#snapshots');
  await logIn(page, ADMIN);
  await page.getByRole('button', { name: /^View the snapshot of/ }).click();
  await page.getByRole('button', { name: 'Copy link' }).click();
  const dialog = page.getByRole('dialog', { name: 'Link to this snapshot' });
  await dialog.getByLabel('For').selectOption('1 hour');
  await dialog.getByRole('button', { name: 'Make the link' }).click();
  const link = await dialog.getByLabel('Link', { exact: true }).inputValue();
  await accessible();
  assert.ok(link.startsWith(program.url('/api/snapshots/snapshot_')), link);
  const expires = Number(new URL(link).searchParams.get('expires'));
  assert.ok(Math.abs(expires - Date.now() / 1000 - 3600) < 120, link);

  const other = await somebodyElse();
  const response = await other.goto(link);
  assert.equal(response?.status(), 200);
  assert.equal(response?.headers()['content-type'], 'image/jpeg');
  for (const broken of [link.replace(/\?.*/, ''), link.replace(/expires=\d/, 'expires=9'), `${link}0`]) {
    assert.equal((await fetch(broken)).status, 401, broken);
  }
  // It opens nothing else.
  assert.equal((await fetch(program.url('/status') + new URL(link).search)).status, 401);
});

for (const [name, context] of [
  ['a wall screen', { viewport: { width: 1440, height: 900 }, locale: 'en-GB' }],
  ['a phone in German', { viewport: { width: 390, height: 844 }, locale: 'de-DE', hasTouch: true }],
] as const) {
  browserTest(`login and access are for everybody on ${name}`, { passwords, context }, async (stage) => {
    const { page, accessible } = stage;
    const fits = async () => {
      const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(beyond <= 0, `${beyond} pixels too wide`);
      await accessible();
    };
    await page.goto('/#access');
    await seen(page.locator('form'));
    await fits();
    await page.locator('input[name="password"]').fill(ADMIN);
    await page.keyboard.press('Enter');
    await seen(page.locator('.entries'));
    await fits();
  });
}
