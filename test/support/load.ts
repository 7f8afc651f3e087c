/**
 * People who keep asking for shares while something happens to the operator, and what has to be true afterwards: nobody was forgotten, and AWS was written to once
 * for each document that a share needs. Each share has a bucket and a role of its own, so that a document that is written twice was written in vain.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CallRecord } from '../../sandbox/aws/index.ts';
import { apply, kubectl } from './cluster.ts';
import type { StandIn, World } from './sluice.ts';

/** Somebody who asks. */
export interface Load {
  /** How many shares were asked for and approved up to now. */
  readonly asked: number;
  /** Asks for no more; resolves with the number of shares. */
  stop(): Promise<number>;
}

/** What a world needs for a load of at most this many shares. */
export function loadWorld(most: number): { readonly buckets: readonly string[]; readonly roles: readonly string[] } {
  const numbers = Array.from({ length: most }, (_, index) => String(index));
  return { buckets: numbers.map((number) => `b${number}`), roles: numbers.map((number) => `r${number}`) };
}

/** Makes the Dataset, then asks for and approves one share after the other, a new one `everyMs` after the last. */
export async function startLoad(
  world: World,
  { most, everyMs }: { readonly most: number; readonly everyMs: number },
): Promise<Load> {
  await apply([world.dataset('orders')]);
  let asked = 0;
  const stop = new AbortController();
  const asking = (async () => {
    while (asked < most && !stop.signal.aborted) {
      await askFor(world, asked);
      asked += 1;
      await sleep(everyMs, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  })();
  return {
    get asked() {
      return asked;
    },
    stop: async () => {
      stop.abort();
      await asking;
      return asked;
    },
  };
}

async function askFor(world: World, number: number): Promise<void> {
  const [name, role, items] = [`share-${String(number)}`, `r${String(number)}`, [`b${String(number)}`]];
  await apply([world.role(role), world.request(name, { role, items }), world.approval(name, { request: name, role, items })]);
}

/** Waits until all shares of the load are Ready, and fails unless each can be used. */
export async function expectServed(world: World, count: number): Promise<void> {
  const { namespace } = world.consumer;
  await kubectl(['wait', '--for=condition=Ready', 'sharerequests', '--all', '-n', namespace, '--timeout=60s']);
  const numbers = Array.from({ length: count }, (_, index) => String(index));
  const useless: string[] = [];
  for (const number of numbers) if (!(await world.reads(`r${number}`, `b${number}`))) useless.push(number);
  if (useless.length > 0) throw new Error(`${String(useless.length)} shares are Ready and give nothing: ${useless.join(', ')}`);
}

/** The writes that AWS saw for this world, which took effect. */
export function writesFor({ aws }: Pick<StandIn, 'aws'>, { producer, consumer }: World): readonly CallRecord[] {
  return aws.calls
    .writes()
    .filter(({ caller }) => [producer.account, consumer.account].some((account) => caller.includes(account)));
}

/** What was written more than once; for a load: nothing. */
export function writtenTwice(writes: readonly CallRecord[]): readonly string[] {
  const groups = Map.groupBy(writes, ({ service, operation, resource }) => `${service}:${operation} ${resource}`);
  return [...groups].filter(([, each]) => each.length > 1).map(([what, each]) => `${what} (${String(each.length)} times)`);
}
