/**
 * The AWS stand-in as a process of its own: listens on 127.0.0.1, makes the sandbox's accounts, and then writes a file that says where
 * it is and with which keys the operator calls. `node sandbox/cli/aws-server.ts <file> [port]`; stays until it is ended.
 * What AWS does is in sandbox/aws; what is in the accounts, in sandbox/world.ts.
 */
import { createAws, listenAws } from '../aws/index.ts';
import { systemClock } from '../../src/clock.ts';
import { createWorld, region } from '../world.ts';
import type { OperatorKeys } from '../world.ts';
import { administratorOf, clientsFor } from './clients.ts';
import { writeAtomically } from './folder.ts';

/** Content of the file: how to reach the stand-in. */
export interface AwsReady {
  readonly endpoint: string;
  readonly operator: OperatorKeys;
}

async function main(readyFile: string, wantedPort: number): Promise<void> {
  const aws = createAws({ clock: systemClock });
  // After a crash the old port is tried first, so that shells which have read the file `env` go on working.
  const server = await listenAws(aws, { port: wantedPort }).catch(() => listenAws(aws, { port: 0 }));
  const endpoint = server.url;
  const operator = await createWorld((accountId) => clientsFor({ region, endpoint }, administratorOf(accountId)));
  writeAtomically(readyFile, `${JSON.stringify({ endpoint, operator } satisfies AwsReady)}\n`);
}

if (import.meta.main) {
  const [readyFile, port = '0'] = process.argv.slice(2);
  if (readyFile === undefined) throw new Error('Say where to write the address: node sandbox/cli/aws-server.ts <file> [port]');
  // Whoever started this shows the end of its log: the reason has to stand there, not a stack and the SDK's metadata.
  await main(readyFile, Number(port)).catch((error: unknown) => {
    console.error(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    process.exit(1);
  });
}
