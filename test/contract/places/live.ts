/** Two real AWS accounts. Before anything is made, AWS is asked whether the identities are in the accounts that were confirmed. */
import { fromIni, fromNodeProviderChain, fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { randomBytes } from 'node:crypto';
import { systemClock } from '../../../src/clock.ts';
import { closeClients, createClients, type ClientPlace, type Credentials } from '../clients.ts';
import { LiveRefused, type LiveSettings } from '../live/settings.ts';
import type { Place } from '../place.ts';

/** AWS's own pages name no bound for how long changes take to be seen; in practice it is seconds. */
const patienceMs = 90_000;

/** What all names of one run begin with: the user's prefix and six random characters. */
export const runPrefix = (prefix: string): string => `${prefix}-${randomBytes(3).toString('hex')}`;

/** The place that settings describe; no call is made. */
export function livePlace(settings: LiveSettings, more: Pick<ClientPlace, 'onCall'> & Pick<Place, 'signal'>): Place {
  const { region, ownerAccount, consumerAccount } = settings;
  return {
    region,
    owner: { id: ownerAccount, credentials: credentialsOf(settings.owner, region) },
    consumer: { id: consumerAccount, credentials: credentialsOf(settings.consumer, region) },
    prefix: runPrefix(settings.prefix),
    patienceMs,
    clock: systemClock,
    ...more,
  };
}

function credentialsOf(identity: string, region: string): Credentials {
  if (!identity.startsWith('arn:')) return fromIni({ profile: identity, clientConfig: { region } });
  const params = { RoleArn: identity, RoleSessionName: 'sluice-contract', DurationSeconds: 3600 };
  return fromTemporaryCredentials({ masterCredentials: fromNodeProviderChain(), params, clientConfig: { region } });
}

/**
 * Asks AWS who both identities are.
 * @throws LiveRefused when one of them is in another account than the one that was confirmed
 */
export async function checkAccounts(place: Place): Promise<void> {
  const problems: string[] = [];
  for (const { id, credentials } of [place.owner, place.consumer]) {
    const clients = createClients(place, id, credentials);
    const { Account, Arn } = await clients.sts.send(new GetCallerIdentityCommand({}));
    closeClients(clients);
    if (Account !== id) problems.push(`${Arn} is in account ${Account}, but SLUICE_LIVE_CONFIRM says ${id}: set the right one.`);
  }
  if (problems.length > 0) throw new LiveRefused(problems);
}
