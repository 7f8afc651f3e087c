/**
 * The benchmark of scale (`make bench-scale`): ten thousand shares over two hundred buckets and five hundred roles, from the requests until all are granted; then a
 * restart; then a while at rest. Real API server, AWS stand-in, the operator as a process, compiled as in its image.
 * It asserts nothing but that everything is granted and really readable.
 * `--items=1000` makes a smaller estate, `--idle=60` says how many seconds to watch it at rest, `--heap=256` is the operator's heap in MiB (what Node takes in the
 * chart's 512 MiB), `--profile=<folder>` writes CPU profiles of the operator there.
 */
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { types } from '../../src/controllers/cluster.ts';
import { quiet } from '../cluster/aws-cases.ts';
import { startOwnCluster } from '../support/cluster.ts';
import { startSluice, type Sluice } from '../support/sluice.ts';
import { askForAll, makeWorld, readAll, type Estate } from './estate.ts';
import { apiWrites, cpuOf, increase, memoryOf, samples, total } from './measure.ts';

const { values } = parseArgs({
  options: {
    items: { type: 'string', default: '10000' },
    idle: { type: 'string', default: '120' },
    heap: { type: 'string', default: '256' },
    profile: { type: 'string' },
  },
});
const log = (line: string): void => console.log(line);
/** Objects that the benchmark itself makes: not the operator's writes. */
const made = ['datasets', 'consumptionroles', 'sharerequests', 'shareapprovals'].map((kind) => `POST ${kind}`);
const pollMs = 2000;
/** No progress at all for this long is a failure. */
const stuckMs = 300_000;
const sampleSize = 200;

const stopCluster = await startOwnCluster(log);
try {
  const profile = values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`];
  const program = 'dist/main.js';
  const sluice = await startSluice({
    program,
    env: { NODE_OPTIONS: [`--max-old-space-size=${values.heap}`, ...profile].join(' ') },
  });
  try {
    await run(sluice, Number(values.items));
  } finally {
    await sluice.operator.stop();
  }
} finally {
  await stopCluster();
}
// The accounts are gone with the stand-in and the objects with the cluster: nothing is left to be taken back.
process.exit();

async function run(sluice: Sluice, size: number): Promise<void> {
  const world = await makeWorld(sluice, size);
  await quiet(sluice);
  log(`\nNothing is there yet: ${String(memoryOf(sluice.operator.pid))} MiB\n`);
  const granting = await measure(sluice, async () => {
    const estate = await askForAll(sluice, world);
    await grantedAll(sluice, estate);
    return estate;
  });
  const estate = granting.result;
  log(`\n${describe(estate)}\n`);
  await prove(sluice, estate);
  report('until all are granted', granting, estate);
  report('until all of it rests', await measure(sluice, () => rest(sluice)), estate);
  await sluice.operator.stop();
  const restart = await measure(sluice, async () => {
    await sluice.operator.start();
    await grantedAll(sluice, estate);
  });
  report('restart, until all are in sync', restart, estate);
  report('after the restart, until all of it rests', await measure(sluice, () => rest(sluice)), estate);
  const seconds = Number(values.idle);
  report(`at rest for ${String(seconds)} s`, await measure(sluice, () => sleep(seconds * 1000)), estate);
}

interface Measured<T> {
  readonly result: T;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly calls: ReadonlyMap<string, number>;
  readonly awsWrites: number;
  readonly apiWrites: ReadonlyMap<string, number>;
  readonly reconciles: ReadonlyMap<string, number>;
  readonly mostMemory: number;
  readonly memory: number;
}

async function measure<T>(sluice: Sluice, work: () => Promise<T>): Promise<Measured<T>> {
  const { aws, operator } = sluice;
  const before = { api: await apiWrites(), calls: new Map(Object.entries(aws.calls.counts())), ...(await stateOf(sluice)) };
  let awsWrites = 0;
  const off = aws.onCall(({ phase, readOnly, code }) => {
    if (phase === 'after' && !readOnly && code === undefined) awsWrites++;
  });
  const start = performance.now();
  let mostMemory = 0;
  const watch = setInterval(() => (mostMemory = Math.max(mostMemory, memoryOf(operator.pid))), 200);
  const result = await work();
  clearInterval(watch);
  off();
  const after = await stateOf(sluice);
  // A process that was started meanwhile begins at zero.
  const same = before.pid === after.pid;
  return {
    result,
    seconds: (performance.now() - start) / 1000,
    cpuSeconds: after.cpu - (same ? before.cpu : 0),
    calls: increase(new Map(Object.entries(aws.calls.counts())), before.calls),
    awsWrites,
    apiWrites: new Map([...increase(await apiWrites(), before.api)].filter(([name]) => !made.includes(name))),
    reconciles: increase(after.reconciles, same ? before.reconciles : new Map()),
    mostMemory,
    memory: memoryOf(operator.pid),
  };
}

interface OperatorState {
  readonly pid: number | undefined;
  readonly cpu: number;
  readonly reconciles: ReadonlyMap<string, number>;
}

async function stateOf({ operator }: Sluice): Promise<OperatorState> {
  const { pid, running } = operator;
  if (!running) return { pid: undefined, cpu: 0, reconciles: new Map() };
  const reconciles = new Map<string, number>();
  for (const { labels, value } of samples(await operator.metrics(), 'controller_runtime_reconcile_total')) {
    const name = labels['controller'] ?? '';
    reconciles.set(name, (reconciles.get(name) ?? 0) + value);
  }
  return { pid, cpu: cpuOf(pid), reconciles };
}

/** Until the operator says that all are granted and healthy. Where it lost its lease on a machine that stood still, the next replica goes on. */
async function grantedAll({ operator }: Sluice, { items }: Estate): Promise<void> {
  let [before, since] = [-1, performance.now()];
  for (;;) {
    if (!operator.running) {
      log('The operator lost its lease and is started again: CPU and reconciles are counted from here.');
      await operator.start();
    }
    const phases = samples(await operator.metrics().catch(() => ''), 'sluice_share_items');
    const granted = phases.find(({ labels }) => labels['phase'] === 'ShareSucceeded' && labels['health'] === 'Healthy');
    const count = granted?.value ?? 0;
    if (count === items) return;
    if (Math.floor((count * 10) / items) > Math.floor((before * 10) / items))
      log(`${String(count)} of ${String(items)} are granted`);
    if (count !== before) [before, since] = [count, performance.now()];
    if (performance.now() - since > stuckMs) throw new Error(`stuck at ${String(count)}: ${JSON.stringify(phases)}`);
    await sleep(pollMs);
  }
}

/** Until statuses and Events are written and documents were read once more, a minute after the last write. */
async function rest(sluice: Sluice): Promise<void> {
  await sleep(75_000);
  let before = -1;
  for (let now = total(await apiWrites()); now !== before; now = total(await apiWrites())) {
    before = now;
    await quiet(sluice, 5000);
  }
}

/** What the statuses say, and whether roles can read what they were given. */
async function prove(sluice: Sluice, { world, items }: Estate): Promise<void> {
  const list = await sluice.client.list(types.item, { namespace: world.consumer.namespace });
  const granted = list.items.filter(({ status }) => status?.phase === 'ShareSucceeded');
  const sample = granted.filter((_, index) => index % Math.ceil(granted.length / sampleSize) === 0);
  const readable = await readAll(sluice, sample);
  log(
    `Status says so of ${String(granted.length)} of ${String(items)}; read by their roles: ${String(readable)} of ${String(sample.length)}.`,
  );
  if (readable < sample.length) throw new Error('a share that is said to be granted is not');
}

function describe({ items, buckets, roles, datasets, requests }: Estate): string {
  return `${String(items)} ShareItems: ${String(roles)} roles, ${String(requests)} requests, ${String(datasets)} Datasets, ${String(buckets)} buckets`;
}

function report(what: string, measured: Measured<unknown>, { items }: Estate): void {
  const calls = total(measured.calls);
  const api = total(measured.apiWrites);
  const per = (count: number, digits = 2): string => (count / items).toFixed(digits);
  const lines: readonly (readonly [string, string])[] = [
    ['seconds', measured.seconds.toFixed(0)],
    ['CPU of the operator (s; ms per item)', `${measured.cpuSeconds.toFixed(1)}; ${per(measured.cpuSeconds * 1000, 1)}`],
    ['AWS calls (per item)', `${String(calls)} (${per(calls)})`],
    ['AWS writes (per item)', `${String(measured.awsWrites)} (${per(measured.awsWrites, 3)})`],
    ['writes to the API server (per item)', `${String(api)} (${per(api)})`],
    ['memory of the operator: most, at the end (MiB)', `${String(measured.mostMemory)}, ${String(measured.memory)}`],
  ];
  log(`\n| ${what} | |\n| --- | ---: |`);
  for (const [name, value] of lines) log(`| ${name} | ${value} |`);
  log(`\nAWS: ${listed(measured.calls)}`);
  log(`API server: ${listed(measured.apiWrites)}`);
  log(`reconciles: ${listed(measured.reconciles)}`);
}

function listed(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([name, count]) => `${name} ${String(count)}`).join(', ') || 'none';
}
