/** The moto server as a process of its own on a free port, with two accounts. It ends with the caller, however that ends. */
import { AssumeRoleCommand } from '@aws-sdk/client-sts';
import { mkdtempSync, readFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../../../sandbox/cluster/ports.ts';
import { startProcess } from '../../../sandbox/cluster/processes.ts';
import { startWatchdog } from '../../../sandbox/cluster/watchdog.ts';
import { systemClock } from '../../../src/clock.ts';
import { closeClients, createClients, type ClientPlace } from '../clients.ts';
import type { PlaceAccount, StartedPlace } from '../place.ts';
import { installMoto } from './moto-install.ts';

/** A started moto, or why there is none. */
export type StartedMoto = StartedPlace | { readonly missing: string };

/** Installs moto where it isn't yet, and starts it. */
export async function startMoto(log: (line: string) => void): Promise<StartedMoto> {
  const program = await installMoto({ log });
  if ('missing' in program) return program;
  const server = await startServer(program.python);
  const at: ClientPlace = { region: 'eu-west-1', sendTo: { hostname: '127.0.0.1', port: server.port } };
  const owner = await administratorOf(at, '111122223333');
  const consumer = await administratorOf(at, '444455556666');
  const place = { ...at, owner, consumer, prefix: 'contract', patienceMs: 0, clock: systemClock };
  return { place, stop: server.stop };
}

async function startServer(python: string): Promise<{ readonly port: number; readonly stop: () => Promise<void> }> {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-moto-'));
  const logFile = join(dir, 'moto.log');
  const [port = 0] = await freePorts(1);
  const watchdog = startWatchdog();
  watchdog.remove(dir);
  const args = ['-c', 'from moto.server import main; main()', '-H', '127.0.0.1', '-p', String(port)];
  const { ended } = startProcess({ name: 'moto', command: python, args, logFile, env: environment() }, watchdog.watch);
  const ends: string[] = [];
  void ended.then((sentence) => ends.push(sentence));
  const deadline = performance.now() + 60_000;
  while (!(await answers(port))) {
    if (ends[0] !== undefined || performance.now() > deadline) {
      const tail = readFileSync(logFile, 'utf8').split('\n').slice(-15).join('\n');
      await watchdog.release();
      throw new Error(`${ends[0] ?? "moto doesn't answer after 60 s"}. The end of what it printed:\n${tail}`);
    }
    await sleep(50);
  }
  return { port, stop: watchdog.release };
}

// moto takes its settings from the environment, and the accounts that a developer's shell names are none of its business.
const environment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(AWS_|MOTO_|S3_|PYTHON)/.test(name)));

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const call = get({ host: '127.0.0.1', port, path: '/moto-api/', timeout: 2_000, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    call.once('timeout', () => call.destroy());
    call.once('error', () => resolve(false));
  });
}

/** moto takes a caller's account from the role whose session it is, and lets everybody assume every role. */
async function administratorOf(at: ClientPlace, id: string): Promise<PlaceAccount> {
  const anybody = createClients(at, id, { accessKeyId: 'anybody', secretAccessKey: 'anybody' });
  const RoleArn = `arn:aws:iam::${id}:role/administrator`;
  const { Credentials } = await anybody.sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'contract' }));
  closeClients(anybody);
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = Credentials ?? {};
  return { id, credentials: { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken } };
}
