// Watches the live page for minutes and prints what the browser holds: node soak.ts [MINUTES]. No test, for it takes its
// time; with EDGE_CCTV_BINARY the program is another one than the debug build.

import { readFileSync } from 'node:fs';
import { Faults, launch, openContext } from './browser.ts';
import { Program } from './program.ts';
import { picture } from './seen.ts';

const STEP_MS = 30_000;

const minutes = Number(process.argv[2] ?? 10);
const program = await Program.start();
const browser = await launch();
try {
  const faults = new Faults();
  const context = await openContext(browser, program.url(), {}, faults);
  const page = await context.newPage();
  await page.goto('/');
  await picture(page);
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  console.log('minute  tab MB  script MB  elements  connections');
  for (let step = 0; step <= (minutes * 60_000) / STEP_MS; step += 1) {
    const { metrics } = await session.send('Performance.getMetrics');
    const metric = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? Number.NaN;
    const row = [
      ((step * STEP_MS) / 60_000).toFixed(1),
      ((await tabBytes()) / 1e6).toFixed(1),
      (metric('JSHeapUsedSize') / 1e6).toFixed(1),
      metric('Nodes'),
      connections(new URL(program.url()).port),
    ];
    console.log(row.join('\t'));
    await page.waitForTimeout(STEP_MS);
  }
  console.log('faults:', faults.unexpected());
} finally {
  await browser.close();
  await program.end();
}

/** Resident memory of the processes that draw pages. */
async function tabBytes(): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const tabs = processInfo.filter(({ type }) => type === 'renderer');
  const resident = tabs.map(({ id }) => {
    const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, 'utf8')) ?? [];
    return Number(kilobytes) * 1024;
  });
  return Math.max(...resident);
}

/** Established connections to a port of this machine, counted at the program's end. */
function connections(port: string): number {
  const local = `0100007F:${Number(port).toString(16).toUpperCase().padStart(4, '0')}`;
  const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n');
  return lines.filter((line) => {
    const [, here, , state] = line.trim().split(/\s+/);
    return here === local && state === '01';
  }).length;
}
