/**
 * The command line: commands, flags and help, and nothing else. What a command does is in the file beside it under commands/, which is loaded when it is called.
 */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { durationMs, PERMISSIONS, type Permission } from '../api/index.ts';
import { annotationsHelp, exitHelp } from './help.ts';
import { contextOf, offlineConnection, type ClusterFlags, type Context, type Host } from './context.ts';
import type { AskFlags } from './commands/ask.ts';
import type { DecideFlags } from './commands/decide.ts';
import type { ImportFlags } from './commands/import.ts';
import type { PlanFlags } from './commands/plan.ts';
import { exitCodes, explainFailure, type ExitCode } from './exit.ts';
import { styled } from './text.ts';

/** Runs one command line (without program name) and returns its exit code. Never throws. */
export async function runProgram(args: readonly string[], host: Host): Promise<ExitCode> {
  const outcome: { code: ExitCode } = { code: exitCodes.ok };
  const program = createProgram(host, (code) => {
    outcome.code = code;
  });
  try {
    // Not a command: its words are the beginning of another command line, flags and all.
    if (args[0] === '__complete') return await (await import('./completion.ts')).complete(program, host, args.slice(1));
    await program.parseAsync(args, { from: 'user' });
    return outcome.code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    const { message, exitCode } = explainFailure(error);
    for (const [index, line] of message.split('\n').entries())
      host.terminal.note(...(index === 0 ? [styled('bad', 'Error: ')] : []), line);
    return exitCode;
  }
}

type Finish = (code: ExitCode) => void;
type Run<Flags> = (context: Context, args: readonly (string | undefined)[], flags: Flags) => Promise<ExitCode>;

/** The whole command tree; completion reads it too. */
export function createProgram(host: Host, finish: Finish): Command {
  const { terminal } = host;
  const program = new Command('kubectl-share')
    .description('Ask for, decide on and look after data shares of Sluice. As a plugin of kubectl: kubectl share <command>.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.raw(text),
      writeErr: (text) => terminal.note(text.trimEnd()),
    })
    .addHelpText('after', exitHelp);
  const parts: Parts = { program, host, finish };
  addLooking(parts);
  addDeciding(parts);
  addAsking(parts);
  addPlatform(parts);
  return program;
}

interface Parts {
  readonly program: Command;
  readonly host: Host;
  readonly finish: Finish;
}

/** What is common to commands that talk to a cluster: kubectl's flags, and the way from a command line to an exit code. */
function command<Flags>(
  { program, host, finish }: Parts,
  usage: string,
  more: { readonly text: string; readonly run: Run<Flags> },
): Command {
  const made = program
    .command(usage)
    .description(more.text)
    .addOption(new Option('--kubeconfig <file>', 'kubeconfig to use (default: KUBECONFIG, ~/.kube/config)'))
    .addOption(new Option('--context <name>', 'context of the kubeconfig'))
    .addOption(new Option('-n, --namespace <name>', "namespace (default: the context's)"))
    .addOption(new Option('--as <user>', 'user to act as'))
    .addOption(new Option('-o, --output <form>', 'form of the output').choices(['wide', 'json', 'yaml', 'name']));
  return made.action(async () => {
    const flags = made.opts<Flags & ClusterFlags & { readonly offline?: boolean }>();
    const connection = flags.offline === true ? offlineConnection() : await host.connect(flags);
    try {
      finish(await more.run(contextOf(host, connection, flags), made.args, flags));
    } finally {
      await connection.close();
    }
  });
}

const everywhere = (): Option => new Option('-A, --all-namespaces', 'look in all namespaces: needs the right to list there');

function addLooking(parts: Parts): void {
  command(parts, 'status [request]', {
    text: 'show requests as trees: the request, its items, the AWS documents that carry them',
    run: async (context, [name]) => (await import('./commands/status.ts')).status(context, name),
  }).addOption(everywhere());
  command(parts, 'why <object>', {
    text: 'say what keeps a request (or kind/name) from Ready, in order, with the next step and who has to do it',
    run: async (context, [name = '']) => (await import('./commands/why.ts')).why(context, name),
  });
  command(parts, 'who [dataset]', {
    text: 'say who can use a Dataset, by which share, until when; with -A from the records of all shares',
    run: async (context, [name]) => (await import('./commands/who.ts')).who(context, name),
  }).addOption(everywhere());
  command(parts, 'logs <request>', {
    text: 'show what was changed in AWS for a request (or shareitem/name), oldest first',
    run: async (context, [name = '']) => (await import('./commands/logs.ts')).logs(context, name),
  });
  command<{ readonly timeout: number }>(parts, 'watch <request>', {
    text: 'follow a request until it is in place, or cannot go on by itself',
    run: async (context, [name = ''], { timeout }) => (await import('./commands/watch.ts')).watch(context, name, timeout),
  }).addOption(timeout('1h'));
  command(parts, 'outbox', {
    text: 'list the requests of the namespace',
    run: async (context) => (await import('./commands/lists.ts')).outbox(context),
  }).addOption(everywhere());
}

function addDeciding(parts: Parts): void {
  command<{ readonly pending?: boolean; readonly dataset?: string }>(parts, 'inbox [receivedshare]', {
    text: "list what others ask of the namespace's Datasets, or show one as its owner reviews it",
    run: async (context, [name], flags) => {
      const { inbox, review } = await import('./commands/lists.ts');
      return name === undefined ? inbox(context, flags) : review(context, name);
    },
  })
    .addOption(everywhere())
    .option('--pending', 'only what waits for a decision')
    .option('--dataset <name>', 'only of this Dataset');
  const approve = command<DecideFlags>(parts, 'approve <receivedshare>', {
    text: 'consent to a request (name of the ReceivedShare, or namespace/request): writes a ShareApproval',
    run: async (context, [name = ''], flags) =>
      (await import('./commands/decide.ts')).decide(context, 'Approved', { name, flags }),
  });
  deciding(approve)
    .option('--permissions <list>', 'fewer than are asked for, such as Read', permissions)
    .option('--expire <time>', 'until when at the latest: 2027-01-31, 2027-01-31T12:00:00Z, 90d, 12h')
    .option('--no-digest', 'approve whatever the items come to mean, not exactly what was reviewed');
  const reject = command<DecideFlags>(parts, 'reject <receivedshare>', {
    text: 'refuse a request; what is shared of it is taken back. It wins over every approval until it is deleted',
    run: async (context, [name = ''], flags) =>
      (await import('./commands/decide.ts')).decide(context, 'Rejected', { name, flags }),
  });
  deciding(reject).option('--extension [time]', 'refuse a later end only, and leave the share until the approved one');
}

function deciding(made: Command): Command {
  return made
    .option('--items <list>', 'only these: Bucket/acme-orders,Folder/raw', list)
    .option('--reason <text>', 'why; the requester reads it')
    .option('--name <name>', 'name of the ShareApproval (default: made of the request)')
    .option('-y, --yes', 'do not ask')
    .addOption(
      new Option(
        '--dry-run [where]',
        'client: print the manifest, for a repository; server: let the cluster check it, and store nothing',
      )
        .choices(['client', 'server'])
        .preset('client'),
    );
}

function addAsking(parts: Parts): void {
  const asking = (asked: 'verify' | 'reapply', text: string): void => {
    command<AskFlags>(parts, `${asked} <object>`, {
      text,
      run: async (context, [name = ''], flags) => (await import('./commands/ask.ts')).ask(context, asked, { name, flags }),
    })
      .addOption(timeout('2m'))
      .option('--no-wait', 'do not wait for the answer')
      .addHelpText('after', annotationsHelp[asked]);
  };
  asking('verify', 'compare a request (or dataset/name, shareitem/name, environment/name) with AWS now');
  asking('reapply', 'write what is missing in AWS for a request (or dataset/name): needs the verb approve on the Dataset');
  command<Omit<PlanFlags, 'stdin'>>(parts, 'plan [request]', {
    text: 'say what approval would write in AWS, from files (-f) or for a request in the cluster',
    run: async (context, [name], flags) =>
      (await import('./commands/plan.ts')).plan(context, name, { ...flags, stdin: process.stdin }),
  })
    .option('-f, --filename <path>', 'file or folder with manifests, - for standard input; may be repeated', collect)
    .option('--offline', 'ask no cluster: everything is in the files')
    .option('--installation <id>', 'installation id of the operator, which is part of names in AWS', installation)
    .option('--trusted-namespace-labels <keys>', "the operator's setting of that name", list);
}

function addPlatform(parts: Parts): void {
  command(parts, 'orphans [environment]', {
    text: "list what carries the installation's mark in AWS and no share explains",
    run: async (context, [name]) => (await import('./commands/orphans.ts')).orphans(context, name),
  });
  addImport(parts);
  const { program, host, finish } = parts;
  program
    .command('completion <shell>')
    .description('print a completion script: bash, zsh, or kubectl for the one that kubectl itself asks (kubectl_complete-share)')
    .action(async (shell: string) => finish((await import('./completion.ts')).printScript(host.terminal, shell)));
}

/** Asks no cluster, and so has none of kubectl's flags. */
function addImport({ program, host, finish }: Parts): void {
  const made = program
    .command('import')
    .description('write manifests for the shares that data.all has, from what its API answered; nothing is applied')
    .requiredOption('--from <file>', 'answer with shares, - for standard input; may be repeated', collect)
    .option('--datasets <file>', 'answer with datasets, which say where folders and keys are; may be repeated', collect)
    .option('--map <file>', 'namespaces of teams, names of Environments, keys of buckets')
    .requiredOption('--to <folder>', 'folder to write to')
    .option('--overwrite', 'write over files that differ')
    .addOption(new Option('-o, --output <form>', 'form of the report').choices(['json', 'yaml']));
  made.action(async () => {
    const flags = made.opts<Omit<ImportFlags, 'stdin'> & { readonly output?: 'json' | 'yaml' }>();
    const { importShares } = await import('./commands/import.ts');
    const output = { terminal: host.terminal, output: flags.output ?? ('table' as const) };
    finish(await importShares(output, { ...flags, stdin: process.stdin }));
  });
}

function timeout(usual: string): Option {
  return new Option('--timeout <duration>', 'how long to wait').default(durationMs(usual), usual).argParser(duration);
}

function duration(text: string): number {
  try {
    return durationMs(text);
  } catch {
    throw new InvalidArgumentError('It must be a duration such as 90s, 5m or 1h.');
  }
}

function list(text: string): string[] {
  return text
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
}

function permissions(text: string): Permission[] {
  const words = list(text);
  const found = PERMISSIONS.filter((permission) => words.some((word) => word.toLowerCase() === permission.toLowerCase()));
  if (found.length !== words.length || !found.includes('Read'))
    throw new InvalidArgumentError(`It must be a list of ${PERMISSIONS.join(', ')} with Read among them, such as Read,Write.`);
  return found;
}

function installation(text: string): string {
  if (!/^[a-z0-9]{8}$/.test(text)) throw new InvalidArgumentError('It must be 8 characters of [a-z0-9].');
  return text;
}

function collect(path: string, before: readonly string[] = []): string[] {
  return [...before, path];
}
