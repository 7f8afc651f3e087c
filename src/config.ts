/**
 * Flags and environment variables of the operator, in one place. Every setting is a flag and `SLUICE_<NAME>`; a flag wins. AWS's and Kubernetes' own
 * variables (AWS_*, KUBECONFIG) work as everywhere.
 */
import { Command, InvalidArgumentError, Option } from 'commander';
import { durationMs } from './api/index.ts';
import type { LogLevel } from './kube/logging.ts';

/** The operator's settings. */
export interface Config {
  /** Path of a kubeconfig; undefined: KUBECONFIG, the pod's service account, ~/.kube/config. */
  readonly kubeconfig: string | undefined;
  /** Where Lease, ConfigMap and external-id Secrets are; undefined: the namespace of the kubeconfig or pod. */
  readonly operatorNamespace: string | undefined;
  /** Undefined: derived from the UID of the operator's namespace and kept in a ConfigMap. */
  readonly installation: string | undefined;
  readonly trustedNamespaceLabels: readonly string[];
  readonly verifyIntervalMs: number;
  readonly orphanSweepMs: number;
  /** Name of the Secret with mail server and webhooks, in the operator's namespace; undefined: nothing is sent. */
  readonly notifySecret: string | undefined;
  readonly logLevel: LogLevel;
  readonly metricsHost: string;
  readonly metricsPort: number;
  readonly leaderElect: boolean;
  readonly leaderElectionId: string;
}

interface Flags {
  readonly kubeconfig?: string;
  readonly operatorNamespace?: string;
  readonly installation?: string;
  readonly trustedNamespaceLabels: readonly string[];
  readonly verifyInterval: number;
  readonly orphanSweepInterval: number;
  readonly notifySecret?: string;
  readonly logLevel: LogLevel;
  readonly metricsAddress: { readonly host: string; readonly port: number };
  readonly leaderElect: boolean;
  readonly leaderElectionId: string;
}

/** Reads the settings; `--help` and wrong values end the process with a message. */
export function readConfig(argv: readonly string[]): Config {
  const flags = command().parse(argv, { from: 'user' }).opts<Flags>();
  return {
    kubeconfig: flags.kubeconfig,
    operatorNamespace: flags.operatorNamespace,
    installation: flags.installation,
    trustedNamespaceLabels: flags.trustedNamespaceLabels,
    verifyIntervalMs: flags.verifyInterval,
    orphanSweepMs: flags.orphanSweepInterval,
    notifySecret: flags.notifySecret,
    logLevel: flags.logLevel,
    metricsHost: flags.metricsAddress.host,
    metricsPort: flags.metricsAddress.port,
    leaderElect: flags.leaderElect,
    leaderElectionId: flags.leaderElectionId,
  };
}

function command(): Command {
  const option = (flags: string, description: string): Option => new Option(flags, description);
  return new Command('sluice')
    .description('Kubernetes operator that manages AWS data shares declaratively')
    .allowExcessArguments(false)
    .addOption(
      option(
        '--kubeconfig <file>',
        'kubeconfig to use (default: KUBECONFIG, the service account of the pod, ~/.kube/config)',
      ).env('SLUICE_KUBECONFIG'),
    )
    .addOption(
      option(
        '--operator-namespace <name>',
        'namespace of the Lease and of the Secrets with external ids (default: the namespace of the kubeconfig or pod)',
      ).env('SLUICE_OPERATOR_NAMESPACE'),
    )
    .addOption(
      option(
        '--installation <id>',
        'name of this installation in AWS: 8 characters of [a-z0-9]; carry it over to a new cluster (default: derived once and kept in a ConfigMap)',
      )
        .env('SLUICE_INSTALLATION')
        .argParser(installation),
    )
    .addOption(
      option(
        '--trusted-namespace-labels <keys>',
        'comma-separated label keys of namespaces that tenants cannot set; only these count in selectors',
      )
        .env('SLUICE_TRUSTED_NAMESPACE_LABELS')
        .default([], 'none')
        .argParser(list),
    )
    .addOption(
      option('--verify-interval <duration>', 'how often AWS is read back where a Dataset says nothing else')
        .env('SLUICE_VERIFY_INTERVAL')
        .default(3_600_000, '1h')
        .argParser(interval),
    )
    .addOption(
      option(
        '--orphan-sweep-interval <duration>',
        "how often each Environment is searched for what carries this installation's mark and no share explains",
      )
        .env('SLUICE_ORPHAN_SWEEP_INTERVAL')
        .default(24 * 3_600_000, '24h')
        .argParser(interval),
    )
    .addOption(
      option(
        '--notify-secret <name>',
        "name of the Secret in the operator's namespace that says where mail and webhooks go, in its key notify.yaml (default: nothing is sent)",
      ).env('SLUICE_NOTIFY_SECRET'),
    )
    .addOption(
      option('--log-level <level>', 'least important messages to log')
        .env('SLUICE_LOG_LEVEL')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('info'),
    )
    .addOption(
      option('--metrics-address <host:port>', 'where /metrics, /healthz and /readyz are served; port 0 takes a free one')
        .env('SLUICE_METRICS_ADDRESS')
        .default({ host: '0.0.0.0', port: 8080 }, '0.0.0.0:8080')
        .argParser(address),
    )
    .addOption(
      option('--leader-elect [boolean]', 'elect a leader by Lease before writing anything')
        .env('SLUICE_LEADER_ELECT')
        .default(true)
        .preset(true)
        .argParser(boolean),
    )
    .addOption(
      option('--leader-election-id <name>', 'name of the Lease').env('SLUICE_LEADER_ELECTION_ID').default('sluice-leader'),
    );
}

function installation(text: string): string {
  if (!/^[a-z0-9]{8}$/.test(text)) throw new InvalidArgumentError('it must be 8 characters of [a-z0-9].');
  return text;
}

function list(text: string): string[] {
  return text
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
}

function interval(text: string): number {
  try {
    const milliseconds = durationMs(text);
    if (milliseconds >= 1000) return milliseconds;
  } catch {
    // Falls through to the one message that says what is expected.
  }
  throw new InvalidArgumentError('it must be a duration of at least 1s, such as 1h or 90m.');
}

function address(text: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) throw new InvalidArgumentError('it must be host:port, such as 127.0.0.1:8080 or :8080.');
  return { host: match[1] ?? (match[2] === undefined || match[2] === '' ? '0.0.0.0' : match[2]), port };
}

function boolean(text: string): boolean {
  if (text !== 'true' && text !== 'false') throw new InvalidArgumentError('it must be true or false.');
  return text === 'true';
}
