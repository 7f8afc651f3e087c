/**
 * `make verify-live`: the contract suite on two real AWS accounts. docs/contract.md says what it needs, makes and costs.
 * --dry-run rehearses it on the AWS stand-in and prints every call that it would make; --clean-up removes what a killed run has left.
 */
import { parseArgs } from 'node:util';
import { contractCases } from '../cases/index.ts';
import { checkAccounts, livePlace } from '../places/live.ts';
import { startStandIn } from '../places/stand-in.ts';
import { LiveRefused, readLiveSettings, type LiveSettings } from './settings.ts';
import { callLine, runLive } from './run.ts';
import { sweep } from './sweep.ts';

const log = (line: string): void => console.log(line);

/** The rehearsal; nothing leaves this machine. Without settings it uses account numbers of AWS's documentation. */
async function rehearse(settings: Partial<LiveSettings>): Promise<boolean> {
  let calls = 0;
  const { place, stop } = await startStandIn({
    ...(settings.ownerAccount === undefined ? {} : { owner: settings.ownerAccount }),
    ...(settings.consumerAccount === undefined ? {} : { consumer: settings.consumerAccount }),
    ...(settings.region === undefined ? {} : { region: settings.region }),
    prefix: `${settings.prefix ?? 'your-prefix'}-000000`,
    onCall: (call) => {
      calls += 1;
      log(`    ${callLine(call)}`);
    },
  });
  log(
    'A rehearsal on the AWS stand-in: these calls would be made. AWS may get some of them more than once, until its answers have settled.',
  );
  try {
    await checkAccounts(place);
    const { passed } = await runLive(contractCases, place, log);
    log(`${calls} calls in ${contractCases.length} cases. Nothing left this machine.`);
    return passed;
  } finally {
    await stop();
  }
}

/** The real run. Ctrl-C ends it after the clean-up of the case that runs; a second one is needed to kill it. */
async function verify(settings: LiveSettings): Promise<boolean> {
  const stopping = new AbortController();
  process.once('SIGINT', () => {
    log('Stopping: what this case has made is removed first.');
    stopping.abort(new Error('stopped'));
  });
  process.once('SIGTERM', () => stopping.abort(new Error('stopped')));
  const place = livePlace(settings, { signal: stopping.signal });
  await checkAccounts(place);
  log(
    `Accounts ${settings.ownerAccount} and ${settings.consumerAccount}, ${settings.region}; all names begin with ${place.prefix}.\n`,
  );
  const { passed, left } = await runLive(contractCases, place, log);
  if (left.length > 0) log(`\n${left.length} things are left: run it again with --clean-up, or remove them by hand.`);
  return passed;
}

async function cleanUp(settings: LiveSettings): Promise<boolean> {
  const place = livePlace(settings, {});
  await checkAccounts(place);
  const left = await sweep(place, settings.prefix, log);
  for (const line of left) log(line);
  log(left.length === 0 ? `Nothing of ${settings.prefix} is left.` : `${left.length} things are left.`);
  return left.length === 0;
}

/** The settings, or those that are there: a rehearsal needs none. */
function settingsForRehearsal(): Partial<LiveSettings> {
  try {
    return readLiveSettings(process.env);
  } catch (error) {
    if (error instanceof LiveRefused) return {};
    throw error;
  }
}

const options = { 'dry-run': { type: 'boolean' }, 'clean-up': { type: 'boolean' } } as const;
try {
  const { values } = parseArgs({ options });
  const work = values['clean-up'] ? cleanUp : verify;
  const passed = values['dry-run'] ? await rehearse(settingsForRehearsal()) : await work(readLiveSettings(process.env));
  process.exitCode = passed ? 0 : 1;
} catch (error) {
  // A person reads this: the sentence, not the stack.
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
