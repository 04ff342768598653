import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { call, get, onDenied, post, prepared, Refusal, Unreachable } from './client.ts';

/** What the server answers next. */
function answer(status: number, body: unknown, headers: Record<string, string> = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  vi.stubGlobal('fetch', async () => new Response(text, { status, headers }));
}

async function refusal(asked: Promise<unknown>): Promise<Refusal> {
  const error = await asked.then(
    () => null,
    (error) => error,
  );
  if (!(error instanceof Refusal)) throw new Error(`not refused: ${error}`);
  return error;
}

describe('a call', () => {
  let denied = 0;
  let forget: () => void;
  beforeEach(() => {
    denied = 0;
    forget = onDenied(() => {
      denied += 1;
    });
  });
  afterEach(() => {
    forget();
    vi.unstubAllGlobals();
  });

  it('that is denied to whoever is logged in, or not, is told', async () => {
    answer(401, { error: 'Not logged in', detail: '' });
    expect((await refusal(get('status'))).status).toBe(401);
    expect(denied).toBe(1);
    answer(403, { error: 'Not allowed', detail: '' });
    await refusal(post('stop'));
    expect(denied).toBe(2);
    forget();
    await refusal(get('status'));
    expect(denied).toBe(2);
  });

  it('that fails for another reason says nothing of who is logged in', async () => {
    answer(401, { error: 'Login failed', detail: '' });
    await refusal(post('api/login', {}));
    answer(403, { error: 'Origin not allowed', detail: '' });
    await refusal(post('stop'));
    answer(401, '<h1>a proxy asks</h1>');
    await expect(get('status')).rejects.toBeInstanceOf(Unreachable);
    expect(denied).toBe(0);
  });

  it('too many says how long to wait', async () => {
    answer(429, { error: 'Too many attempts', detail: '' }, { 'Retry-After': '30' });
    expect((await refusal(post('api/login', {}))).wait).toBe(30);
    answer(429, { error: 'Too many attempts', detail: '' });
    expect((await refusal(post('api/login', {}))).wait).toBe(null);
  });

  it('has its answer with an error’s status only where that is expected', async () => {
    answer(503, { ready: false });
    expect(await get('readyz', { answersWith: 503 })).toEqual({ ready: false });
    await expect(get('readyz')).rejects.toBeInstanceOf(Unreachable);
    answer(401, { error: 'Not logged in', detail: '' });
    await refusal(get('readyz', { answersWith: 503 }));
  });

  it('changes only what is still as it was seen', async () => {
    const fetch = vi.fn(async (_path: string, _init: RequestInit) => new Response('{}'));
    vi.stubGlobal('fetch', fetch);
    await call('PATCH', 'api/settings', {}, { ifMatch: '7' });
    expect(fetch.mock.calls[0]?.[1].headers).toMatchObject({ 'If-Match': '"7"' });
  });

  it('waits for a file that is made first, and reads nothing of it', async () => {
    const wait = () => prepared('clip.mp4', new AbortController().signal);
    answer(206, 'x');
    await wait();
    answer(503, { error: 'Clip is being made', detail: '' }, { 'Retry-After': '5' });
    const { status, wait: seconds } = await refusal(wait());
    expect([status, seconds]).toEqual([503, 5]);
    expect(denied).toBe(0);
    answer(401, { error: 'Not logged in', detail: '' });
    await refusal(wait());
    expect(denied).toBe(1);
    answer(502, '<h1>no</h1>');
    await expect(wait()).rejects.toBeInstanceOf(Unreachable);
  });
});
