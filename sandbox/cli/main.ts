/**
 * The sandbox's command line: what the Makefile calls, and what a person uses to try a share. `node sandbox/cli/main.ts --help`.
 * It parses arguments and prints; what a command does is in the file beside it.
 */
import { Command } from 'commander';
import { ensureBinaries } from '../cluster/binaries.ts';
import { adminActions, administer, isAdminAction } from './admin.ts';
import type { AwsPlace } from './clients.ts';
import { demo } from './demo.ts';
import { readEnvironment, sandboxFolder } from './folder.ts';
import { down, up } from './lifecycle.ts';
import { actAs } from './s3.ts';
import type { S3Action } from './s3.ts';

const log = (line: string): void => console.log(line);

async function start(options: { operator: boolean }): Promise<void> {
  const folder = sandboxFolder();
  const environment = await up({ operator: options.operator, log }, folder).catch((error: unknown) => {
    log('That failed (the reason is below). What runs already stays, so that you can look at it: make down ends it.');
    throw error;
  });
  log(`Ready. Cluster: ${environment.KUBECONFIG}, AWS stand-in: ${environment.AWS_ENDPOINT_URL}, logs: ${folder.logs}`);
  log(`To use it in this shell:  . ${folder.env}`);
  log('To stop it:               make down');
}

function runningAws(): AwsPlace {
  const environment = readEnvironment(sandboxFolder());
  if (!environment) throw new Error('No sandbox is running here: run "make up" first.');
  return { region: environment.AWS_REGION, endpoint: environment.AWS_ENDPOINT_URL };
}

async function useAs(roleArn: string, action: S3Action, location: string, content?: string): Promise<void> {
  const answer = await actAs(runningAws(), { roleArn, action, location, ...(content !== undefined && { content }) });
  if (answer.allowed) {
    process.stdout.write(answer.text === '' || answer.text.endsWith('\n') ? answer.text : `${answer.text}\n`);
  } else {
    console.error(`ACCESS DENIED: ${roleArn} can't ${action} ${location}\n  AWS says: ${answer.text}`);
    process.exitCode = 1;
  }
}

function program(): Command {
  const cli = new Command('sandbox').description('A local Kubernetes cluster and an AWS stand-in for trying Sluice.');
  cli.command('tools').description('build the programs of the cluster, once per machine').action(buildTools);
  cli
    .command('up')
    .description('start cluster, AWS stand-in and operator')
    .option('--without-operator', 'leave the operator out')
    .action((options: { withoutOperator?: boolean }) => start({ operator: options.withoutOperator !== true }));
  cli
    .command('down')
    .description('stop all of it, also after a crash')
    .action(() => down(log));
  cli
    .command('demo')
    .description('show a share from request to revoke')
    .action(() => demo());
  addAs(cli);
  addAdmin(cli);
  return cli;
}

function addAs(cli: Command): void {
  const as = cli.command('as').description('use data as an IAM role: as <role-arn> read s3://bucket/key').argument('<role-arn>');
  as.argument('<action>', 'read, write or list').argument('<location>', 's3://bucket/key').argument('[content]', 'for write');
  as.action((roleArn: string, action: string, location: string, content?: string) => {
    if (action !== 'read' && action !== 'write' && action !== 'list')
      throw new Error(`"${action}" is none of read, write, list.`);
    return useAs(roleArn, action, location, content);
  });
}

function addAdmin(cli: Command): void {
  const admin = cli
    .command('admin')
    .description('be the administrator of an account: admin <account> show-bucket-policy <bucket>');
  admin.argument('<account>', 'its twelve digits').argument('<action>', adminActions.join(', '));
  admin.argument('<bucket>').argument('[document]', 'for put-bucket-policy');
  admin.action(async (accountId: string, action: string, bucket: string, document?: string) => {
    if (!isAdminAction(action)) throw new Error(`"${action}" is none of ${adminActions.join(', ')}.`);
    log(await administer(runningAws(), { accountId, action, bucket, ...(document !== undefined && { document }) }));
  });
}

async function buildTools(): Promise<void> {
  await ensureBinaries(log);
}

try {
  await program().parseAsync();
} catch (error) {
  // A person reads this: the sentence, not the stack; SLUICE_DEBUG=1 shows the rest.
  const message = error instanceof Error ? error.message : String(error);
  console.error(process.env['SLUICE_DEBUG'] && error instanceof Error ? error.stack : message);
  process.exitCode = 1;
}
