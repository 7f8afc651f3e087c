/** The AWS stand-in behind HTTP, with two accounts. As in real accounts the suite calls as a role that may do everything, not as root. */
import { createAws, listenAws, type Aws } from '../../../sandbox/aws/index.ts';
import { systemClock } from '../../../src/clock.ts';
import type { ClientPlace } from '../clients.ts';
import type { PlaceAccount, StartedPlace } from '../place.ts';

const everything = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };

/** Options of {@link startStandIn}. */
export interface StandInOptions {
  readonly owner?: string;
  readonly consumer?: string;
  readonly region?: string;
  readonly prefix?: string;
  readonly onCall?: ClientPlace['onCall'];
}

/** Starts a stand-in on a free port. `aws` shows what is in it. */
export async function startStandIn(options: StandInOptions = {}): Promise<StartedPlace & { readonly aws: Aws }> {
  const aws = createAws({ clock: systemClock });
  const server = await listenAws(aws, { port: 0 });
  const place = {
    region: options.region ?? 'eu-west-1',
    sendTo: { hostname: '127.0.0.1', port: server.port },
    owner: administratorOf(aws, options.owner ?? '111122223333'),
    consumer: administratorOf(aws, options.consumer ?? '444455556666'),
    prefix: options.prefix ?? 'contract',
    patienceMs: 0,
    clock: systemClock,
    ...(options.onCall === undefined ? {} : { onCall: options.onCall }),
  };
  return { place, aws, stop: () => server.close() };
}

function administratorOf(aws: Aws, id: string): PlaceAccount {
  return { id, credentials: aws.seed.session(aws.seed.role(id, 'administrator', { policies: { everything } }), 'contract') };
}
