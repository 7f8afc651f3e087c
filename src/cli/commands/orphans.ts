/** `orphans`: what carries the installation's mark in AWS and no ShareItem explains, as the Environments' last sweeps found it. For the platform team. */
import type { Environment } from '../../api/index.ts';
import { types } from '../../controllers/cluster.ts';
import type { Context } from '../context.ts';
import { exitCodes, type ExitCode } from '../exit.ts';
import { list, read } from '../objects.ts';
import { isForPrograms, printData, printTable } from '../output.ts';
import { styled } from '../text.ts';
import { age, conditionOf } from '../words.ts';

/** Shows the orphans of one Environment, or of all. Exit code 3 where there are some, or where AWS did not let the operator look. */
export async function orphans(context: Context, name: string | undefined): Promise<ExitCode> {
  const environments =
    name === undefined ? await list(context, types.environment) : [await read(context, types.environment, name)];
  if (isForPrograms(context)) printData(context, environments.map(sweepOf));
  else print(context, environments);
  return environments.every((each) => conditionOf(each, 'Orphans')?.status === 'False') ? exitCodes.ok : exitCodes.attention;
}

function sweepOf(environment: Environment): object {
  const condition = conditionOf(environment, 'Orphans');
  return {
    environment: environment.metadata.name,
    accountId: environment.spec.accountId,
    mode: environment.spec.orphans,
    ...(condition === undefined ? {} : { condition }),
    orphans: environment.status?.orphans ?? [],
  };
}

function print(context: Context, environments: readonly Environment[]): void {
  const { terminal, clock } = context;
  printTable(context, {
    header: ['ENVIRONMENT', 'KIND', 'TARGET', 'PRINCIPALS', 'SINCE'],
    wideHeader: ['MESSAGE'],
    rows: environments.flatMap(({ metadata, status }) =>
      (status?.orphans ?? []).map(({ kind, target, principals, since, message }) => ({
        cells: [metadata.name, kind, target, principals.join(','), age(since, clock.now())],
        wide: [message ?? ''],
      })),
    ),
    empty: environments.length === 0 ? 'There is no Environment.' : 'No orphans are listed.',
  });
  for (const environment of environments) {
    const condition = conditionOf(environment, 'Orphans');
    const { name } = environment.metadata;
    if (condition === undefined)
      terminal.note(`Environment ${name}: not swept yet; the operator does so once a day and some time after it starts.`);
    else if (condition.status !== 'False')
      terminal.note(`Environment ${name}: `, styled('bad', condition.reason), ` ${condition.message}`);
  }
}
