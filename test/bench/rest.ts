/**
 * The benchmark of an operator at rest (`make bench-rest`): ten thousand shares in an API server without a cluster around it (api-server.ts), everything granted, then
 * a restart, then a while in which nothing is due. It fails when that while costs an AWS call or a write, more than 2 % of a core, or when the process holds more
 * than the bound in memory.
 * `--items=1000` makes a smaller estate, `--idle=60` says for how many seconds it is watched, `--memory=286` is the bound (MiB, resident: 300 MB), `--heap=256` is the operator's
 * heap (MiB; what Node takes in the chart's 512 MiB), `--node=<options>` are
 * given to Node in place of the image's, `--program=<file>` another build of it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createAws, listenAws } from '../../sandbox/aws/index.ts';
import { imageConfig, nodeOptions } from '../../scripts/image/config.ts';
import { systemClock } from '../../src/clock.ts';
import { startApiServer } from './api-server.ts';
import { cpuOf, memoryOf, samples } from './measure.ts';
import { seedEstate } from './rest-estate.ts';

const { values } = parseArgs({
  options: {
    items: { type: 'string', default: '10000' },
    idle: { type: 'string', default: '120' },
    memory: { type: 'string', default: '286' },
    heap: { type: 'string', default: '256' },
    node: { type: 'string', default: nodeOptions.join(' ') },
    program: { type: 'string', default: 'dist/main.js' },
  },
});
const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'sluice-rest-'));
const log = (line: string): void => console.log(line);
/** Percent of one core. */
const mostCpu = 2;
/** No progress for this long is a failure. */
const stuckMs = 300_000;
const pollMs = 1000;
/** Documents are read once more a minute after they were written, and counts of shares wait a while: that is over after this. */
const settleMs = 75_000;

const api = await startApiServer();
const aws = createAws({ clock: systemClock });
const server = await listenAws(aws, { port: 0 });
const { items, ...keys } = seedEstate(aws, api.objects, Number(values.items));
const kubeconfig = join(folder, 'kubeconfig.json');
writeFileSync(
  kubeconfig,
  JSON.stringify({
    'current-context': 'bench',
    clusters: [{ name: 'bench', cluster: { server: api.url } }],
    users: [{ name: 'bench', user: {} }],
    contexts: [{ name: 'bench', context: { cluster: 'bench', user: 'bench' } }],
  }),
);
let failed = false;
try {
  failed = !(await run());
} finally {
  await server.close();
  await api.close();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);

async function run(): Promise<boolean> {
  const first = await start();
  await inSync(first, 'granted');
  await rest();
  const granted = memoryOf(first.child.pid);
  await stop(first);
  const again = await start();
  const [startedAt, callsBefore] = [performance.now(), calls()];
  await inSync(again, 'in sync after a restart');
  const restartSeconds = (performance.now() - startedAt) / 1000;
  await rest();
  const before = { calls: calls(), writes: api.writes(), cpu: cpuOf(again.child.pid) };
  const restartCalls = before.calls - callsBefore;
  await sleep(Number(values.idle) * 1000);
  const cpu = ((cpuOf(again.child.pid) - before.cpu) / Number(values.idle)) * 100;
  const memory = memoryOf(again.child.pid);
  const idle = { calls: calls() - before.calls, writes: api.writes() - before.writes };
  await stop(again);
  log(`\n| ${String(items)} ShareItems, at rest for ${values.idle} s | |\n| --- | ---: |`);
  log(`| AWS calls | ${String(idle.calls)} |\n| writes to the API server | ${String(idle.writes)} |`);
  log(`| CPU of the operator (% of a core) | ${cpu.toFixed(2)} |`);
  log(`| memory at rest after all was granted, and after a restart (MiB) | ${String(granted)}, ${String(memory)} |`);
  log(`| the restart: seconds, AWS calls | ${restartSeconds.toFixed(0)}, ${String(restartCalls)} |`);
  const bounds: readonly (readonly [string, boolean])[] = [
    ['no AWS call', idle.calls === 0],
    ['no write to the API server', idle.writes === 0],
    [`less than ${String(mostCpu)} % of a core`, cpu < mostCpu],
    [`less than ${values.memory} MiB, before and after the restart`, Math.max(granted, memory) < Number(values.memory)],
  ];
  for (const [bound, holds] of bounds) log(`${holds ? 'holds' : 'FAILS'}: ${bound}`);
  return bounds.every(([, holds]) => holds);
}

interface Running {
  readonly child: ChildProcess;
  readonly port: number;
}

async function start(): Promise<Running> {
  const file = join(folder, 'operator.log');
  const output = createWriteStream(file, { flags: 'w' });
  await new Promise((resolve) => output.once('open', resolve));
  const flags = ['--operator-namespace=sluice-system', '--leader-elect=false', '--metrics-address=127.0.0.1:0'];
  const node = [`--max-old-space-size=${values.heap}`, ...values.node.split(' ').filter((option) => option !== '')];
  const child = spawn(process.execPath, [...node, values.program, ...flags], {
    cwd: root,
    env: {
      ...Object.fromEntries(imageConfig().Env.map((each) => each.split('=') as [string, string])),
      PATH: process.env['PATH'],
      KUBECONFIG: kubeconfig,
      AWS_ENDPOINT_URL: server.url,
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    stdio: ['ignore', output, output],
  });
  for (;;) {
    const text = readFileSync(file, 'utf8');
    if (child.exitCode !== null) throw new Error(`the operator ended: ${text}`);
    const line = /"port":(\d+).*"msg":"serving/.exec(text);
    if (line !== null) return { child, port: Number(line[1]) };
    await sleep(50);
  }
}

async function stop({ child }: Running): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}

/** Until the operator says that all shares are granted and healthy. */
async function inSync({ child, port }: Running, what: string): Promise<void> {
  const startedAt = performance.now();
  let [before, since, most] = [-1, startedAt, 0];
  for (;;) {
    most = Math.max(most, memoryOf(child.pid));
    const metrics = await fetch(`http://127.0.0.1:${String(port)}/metrics`).then(
      (answer) => answer.text(),
      // A connection that the operator closes just then is no news.
      () => '',
    );
    const phases = samples(metrics, 'sluice_share_items');
    const count = phases.find(({ labels }) => labels['phase'] === 'ShareSucceeded' && labels['health'] === 'Healthy')?.value ?? 0;
    if (count >= items) break;
    if (count !== before) [before, since] = [count, performance.now()];
    if (performance.now() - since > stuckMs) throw new Error(`stuck at ${String(count)}: ${JSON.stringify(phases)}`);
    await sleep(pollMs);
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  log(
    `${String(items)} ${what} after ${seconds} s with ${cpuOf(child.pid).toFixed(1)} s of CPU; memory: at most ${String(most)} MiB`,
  );
}

/** Until nothing has been asked of AWS or written for five seconds, a while after the last grant. */
async function rest(): Promise<void> {
  await sleep(settleMs);
  for (let before = -1; before !== calls() + api.writes(); await sleep(5000)) before = calls() + api.writes();
}

function calls(): number {
  return Object.values(aws.calls.counts()).reduce((sum, count) => sum + count, 0);
}
