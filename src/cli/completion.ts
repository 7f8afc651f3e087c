/**
 * Completion in bash and zsh, alone and under kubectl: the scripts ask this program what fits (`__complete`), in the manner that kubectl asks plugins
 * (an executable kubectl_complete-share; lines of candidates, then a directive). Names come from the cluster; where that fails, nothing is offered.
 */
import type { Command } from 'commander';
import { types } from '../controllers/cluster.ts';
import type { ResourceType } from '../kube/resource.ts';
import type { ClusterFlags, Host } from './context.ts';
import { CliError, exitCodes, type ExitCode } from './exit.ts';
import type { Terminal } from './terminal.ts';

const scripts: Readonly<Record<string, string>> = {
  bash: `# bash completion of kubectl-share:  source <(kubectl-share completion bash)
_kubectl_share() {
  local IFS=$'\\n'
  COMPREPLY=($(kubectl-share __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | grep -v '^:'))
}
complete -o default -F _kubectl_share kubectl-share
`,
  zsh: `#compdef kubectl-share
# zsh completion of kubectl-share:  source <(kubectl-share completion zsh)
_kubectl_share() {
  local -a candidates
  candidates=("\${(@f)$(kubectl-share __complete "\${(@)words[2,CURRENT]}" 2>/dev/null | grep -v '^:')}")
  compadd -a candidates
}
compdef _kubectl_share kubectl-share
`,
  kubectl: `#!/bin/sh
# Save it as kubectl_complete-share on the PATH, executable: kubectl asks it for "kubectl share <Tab>".
exec kubectl-share __complete "$@"
`,
};

/** cobra's directive that no file names are offered (ShellCompDirectiveNoFileComp). */
const noFiles = ':4';
const files = ':0';

/** Prints the script of a shell. @throws CliError for another one. */
export function printScript(terminal: Terminal, shell: string): ExitCode {
  const script = scripts[shell];
  if (script === undefined)
    throw new CliError(exitCodes.usage, `there is no completion for "${shell}": use one of ${Object.keys(scripts).join(', ')}`);
  terminal.raw(script);
  return exitCodes.ok;
}

/** What a command's argument names. */
const named: Readonly<Record<string, ResourceType>> = {
  status: types.request,
  why: types.request,
  logs: types.request,
  watch: types.request,
  verify: types.request,
  reapply: types.request,
  plan: types.request,
  inbox: types.received,
  approve: types.received,
  reject: types.received,
  who: types.dataset,
  orphans: types.environment,
};

/** Prints what the last word can become. */
export async function complete(program: Command, host: Host, words: readonly string[]): Promise<ExitCode> {
  const last = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const candidates = await candidatesFor(program, host, { before, last });
  for (const each of candidates.filter((candidate) => candidate.startsWith(last))) host.terminal.raw(`${each}\n`);
  host.terminal.raw(`${candidates.length === 0 ? files : noFiles}\n`);
  return exitCodes.ok;
}

interface Line {
  readonly before: readonly string[];
  readonly last: string;
}

async function candidatesFor(program: Command, host: Host, { before, last }: Line): Promise<string[]> {
  const [name] = before;
  if (name === undefined) return program.commands.map((each) => each.name());
  const command = program.commands.find((each) => each.name() === name);
  if (command === undefined) return [];
  const flag = command.options.find(({ short, long }) => before.length > 1 && [short, long].includes(before.at(-1)));
  if (flag?.required === true) return [...(flag.argChoices ?? [])];
  if (last.startsWith('-')) return command.options.flatMap(({ long }) => long ?? []);
  if (name === 'completion') return Object.keys(scripts);
  const type = named[name];
  return type === undefined ? [] : namesOf(host, type, before);
}

/** Names of the namespace on the command line. A completion that can't ask is silent. */
async function namesOf(host: Host, type: ResourceType, before: readonly string[]): Promise<string[]> {
  try {
    const flags = clusterFlags(before);
    const connection = await host.connect(flags);
    try {
      const namespace = type.namespaced ? { namespace: flags.namespace ?? connection.namespace } : {};
      const { items } = await connection.client.list(type, { ...namespace, timeoutMs: 3000, signal: host.signal });
      return items.map(({ metadata }) => metadata.name);
    } finally {
      await connection.close();
    }
  } catch {
    return [];
  }
}

function clusterFlags(words: readonly string[]): ClusterFlags {
  const valueOf = (...names: readonly string[]): string | undefined => {
    const index = words.findLastIndex((word) => names.includes(word));
    const joined = words.findLast((word) => names.some((name) => word.startsWith(`${name}=`)));
    return index < 0 ? joined?.slice(joined.indexOf('=') + 1) : words[index + 1];
  };
  const [kubeconfig, context, namespace, as] = [
    valueOf('--kubeconfig'),
    valueOf('--context'),
    valueOf('-n', '--namespace'),
    valueOf('--as'),
  ];
  return {
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(as === undefined ? {} : { as }),
  };
}
