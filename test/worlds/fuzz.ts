/**
 * `make fuzz`: plays worlds until one fails or there were enough, in as many processes as there are processors. The seed is printed: with it the same worlds are played
 * again.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { playMany } from './many.ts';
import type { Size } from './operations.ts';

/** So many small worlds, and large ones, are played in one go; what a process reports in between is a dot's worth. */
const portion = { small: 90, large: 10 } as const;
/** Seeds of portions don't overlap. */
const seedStep = 1_000_003;

interface Portion {
  readonly size: Size;
  readonly count: number;
  readonly seed: number;
  readonly path?: string | undefined;
}

interface Report {
  readonly played: number;
  readonly failure: string | undefined;
}

const { values } = parseArgs({
  options: {
    worlds: { type: 'string', default: '100000' },
    seed: { type: 'string' },
    size: { type: 'string' },
    path: { type: 'string' },
    workers: { type: 'string', default: String(availableParallelism()) },
    worker: { type: 'boolean', default: false },
  },
});

if (values.worker) serveParent();
else process.exitCode = await main();

/** A child plays what it is told, portion by portion, and ends with its parent. */
function serveParent(): void {
  process.on('message', (asked: Portion) => {
    void playMany(asked).then(({ played, failure }) => process.send?.({ played, failure } satisfies Report));
  });
  process.once('disconnect', () => process.exit(0));
}

async function main(): Promise<number> {
  const seed = Number(values.seed ?? randomInt(2 ** 30));
  if (values.path !== undefined) {
    // fast-check goes on from the world to those that it would have tried instead: how many were played says nothing here.
    const { failure } = await playMany({ size: sizeOf(values.size), count: 1, seed, path: values.path });
    return tell(failure, 'The world was played, and everything held');
  }
  const total = Number(values.worlds);
  console.log(`Playing ${String(total)} worlds with --seed ${String(seed)}`);
  const portions = portionsOf(total, seed);
  const started = performance.now();
  let played = 0;
  const failure = await share(portions, (report) => {
    played += report.played;
    const seconds = (performance.now() - started) / 1000;
    console.log(`${String(played)} worlds, ${(played / seconds).toFixed(1)} a second`);
  });
  return tell(failure, `${String(played)} of ${String(total)} worlds were played, and everything held`);
}

function sizeOf(text: string | undefined): Size {
  if (text === 'large' || text === 'small') return text;
  throw new Error('Say which worlds: --size small, or --size large');
}

function* portionsOf(total: number, seed: number): Generator<Portion> {
  for (let [left, number] = [total, 0]; left > 0; number++) {
    const size = values.size === undefined ? (number % 2 === 0 ? 'small' : 'large') : sizeOf(values.size);
    const count = Math.min(left, portion[size]);
    left -= count;
    yield { size, count, seed: (seed + number * seedStep) % 2 ** 31 };
  }
}

/** Shares the portions out among processes; resolves with the first failure, or when all were played. */
async function share(portions: Iterator<Portion>, onReport: (report: Report) => void): Promise<string | undefined> {
  const children = Array.from({ length: Number(values.workers) }, () => fork(import.meta.filename, ['--worker']));
  try {
    return await Promise.race([
      Promise.all(children.map((child) => feed(child, portions, onReport))).then(() => undefined),
      ...children.map((child) => ended(child)),
      new Promise<string>((resolve) => {
        for (const child of children) child.on('message', ({ failure }: Report) => failure !== undefined && resolve(failure));
      }),
    ]);
  } finally {
    for (const child of children) child.kill();
  }
}

function feed(child: ChildProcess, portions: Iterator<Portion>, onReport: (report: Report) => void): Promise<void> {
  return new Promise((resolve) => {
    const next = (): void => {
      const asked = portions.next();
      if (asked.done === true) resolve();
      else child.send(asked.value);
    };
    child.on('message', (report: Report) => {
      onReport(report);
      if (report.failure === undefined) next();
    });
    next();
  });
}

/** A process that ends by itself has crashed, which no world may bring about. */
function ended(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(`a process that played worlds ended with code ${String(code)}`));
  });
}

/** The exit code. */
function tell(failure: string | undefined, success: string): number {
  console.log(failure ?? success);
  return failure === undefined ? 0 : 1;
}
