/** Runs all cases at a place and says how each ended, for a person who reads along. Used on real accounts and, as a rehearsal, on the stand-in. */
import { isDeepStrictEqual } from 'node:util';
import type { ContractCase } from '../case.ts';
import type { OutgoingCall } from '../clients.ts';
import type { Place } from '../place.ts';
import { CaseFailed, runCase } from '../runner.ts';
import { tallyTable, type Ending } from '../tally.ts';

/** How a run ended. */
export interface RunResult {
  /** Every case answered as AWS is said to, and everything was removed. */
  readonly passed: boolean;
  /** What couldn't be removed, one sentence each. */
  readonly left: readonly string[];
}

/** Runs the cases one after the other, until the place's signal says stop; a case that has begun is cleaned up first. */
export async function runLive(cases: readonly ContractCase[], place: Place, log: (line: string) => void): Promise<RunResult> {
  const endings = new Map<string, Ending>();
  const left: string[] = [];
  for (const one of cases) {
    if (place.signal?.aborted) break;
    log(`${one.service}: ${one.sentence}`);
    const { problem, left: remains } = await ending(one, place);
    endings.set(one.sentence, problem === undefined ? 'as AWS' : 'unexpected');
    left.push(...remains);
    for (const line of [...(problem === undefined ? [] : [problem]), ...remains]) log(`  ${line}`);
  }
  const leftOut = cases.length - endings.size;
  log(`\n${tallyTable(cases, [{ name: place.sendTo === undefined ? 'AWS' : 'rehearsal', endings }])}`);
  if (leftOut > 0) log(`Stopped: ${leftOut} cases were not run.`);
  return { passed: leftOut === 0 && left.length === 0 && [...endings.values()].every((one) => one === 'as AWS'), left };
}

async function ending(one: ContractCase, place: Place): Promise<{ problem?: string; left: readonly string[] }> {
  try {
    const { observed, left } = await runCase(one, place);
    if (isDeepStrictEqual(observed, one.aws)) return { left };
    const problem = `DIFFERS: expected ${JSON.stringify(one.aws)}, got ${JSON.stringify(observed)} (see ${one.guide})`;
    return { problem, left };
  } catch (error) {
    if (!(error instanceof CaseFailed)) throw error;
    return { problem: `FAILED: ${error.message}`, left: error.left };
  }
}

/** One line for a call: account, service, operation, and the resource that it is about. */
export function callLine({ accountId, service, operation, input }: OutgoingCall): string {
  const names = [
    'Bucket',
    'Key',
    'Name',
    'RoleName',
    'UserName',
    'PolicyName',
    'PolicyArn',
    'RoleArn',
    'AliasName',
    'KeyId',
    'Prefix',
  ];
  const about = names.flatMap((name) => (typeof input[name] === 'string' ? [`${name}=${input[name]}`] : []));
  return [accountId, `${service}:${operation}`, ...about].join(' ');
}
