/**
 * How a command ends: its exit code, and the words for what went wrong. Codes are API (docs/guide/kubectl-share.md): scripts rely on them.
 */
import { isConnectionError, isConflict, isForbidden, isInvalid, isNotFound, isUnauthorized, ApiError } from '../kube/errors.ts';

/** What the exit codes mean. */
export const exitCodes = {
  /** It worked, and the answer is yes: ready, healthy, nothing found. */
  ok: 0,
  /** It could not be done: no cluster, a file that can't be read, an error of the API server. */
  failed: 1,
  /** The command line is wrong. */
  usage: 2,
  /** It worked, and the answer is no: not ready, unhealthy, orphans found, not shareable. */
  attention: 3,
  /** The object does not exist. */
  notFound: 4,
  /** A right is missing. */
  forbidden: 5,
  /** It did not happen in time. */
  timeout: 6,
  /** The question was answered with no. */
  declined: 7,
} as const;

/** One of them. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** A failure that was foreseen: the message is complete and for people. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** What a failed command says, and its exit code. */
export interface Failure {
  readonly message: string;
  readonly exitCode: ExitCode;
}

/** Words and exit code for anything that was thrown. */
export function explainFailure(error: unknown): Failure {
  if (error instanceof CliError) return { message: error.message, exitCode: error.exitCode };
  if (isConnectionError(error)) {
    const message = `no answer from the cluster (${error.code}): ${error.message}. Check --kubeconfig and --context.`;
    return { message, exitCode: exitCodes.failed };
  }
  if (error instanceof ApiError) return explainApiError(error);
  return { message: error instanceof Error ? error.message : String(error), exitCode: exitCodes.failed };
}

function explainApiError(error: ApiError): Failure {
  if (isForbidden(error)) return { message: `${error.message}${roleHint(error)}`, exitCode: exitCodes.forbidden };
  if (isNotFound(error)) return { message: notFoundText(error), exitCode: exitCodes.notFound };
  if (isUnauthorized(error))
    return { message: 'the cluster does not know you: log in again, or check the kubeconfig', exitCode: exitCodes.forbidden };
  if (isConflict(error))
    return {
      message: `${error.message} Somebody else changed or owns it: look at it again, then repeat the command.`,
      exitCode: exitCodes.failed,
    };
  if (isInvalid(error)) return { message: `the cluster refuses the object: ${error.message}`, exitCode: exitCodes.failed };
  return { message: error.message, exitCode: exitCodes.failed };
}

/** A kind that the API server does not know has no name in the details. */
function notFoundText({ message, details }: ApiError): string {
  return details.name === undefined || details.name === ''
    ? `${message}. Does the cluster have Sluice's custom resources (chart sluice)?`
    : message;
}

/** Roles of the chart that give people what they lack, by plural. RBAC's own refusals name the resource; those of admission policies say what to do themselves. */
const rolesFor: Readonly<Record<string, string>> = {
  sharerequests: 'sluice-requester (to ask for shares) or sluice-view',
  shareitems: 'sluice-requester (to ask for shares) or sluice-view',
  consumptionroles: 'sluice-requester (to ask for shares) or sluice-view',
  receivedshares: 'sluice-approver or sluice-owner (to decide on requests) or sluice-view',
  shareapprovals: 'sluice-approver or sluice-owner (to decide on requests)',
  datasets: 'sluice-owner (to offer data) or sluice-view',
  environments: 'sluice-platform, bound in the whole cluster',
};

function roleHint({ details }: ApiError): string {
  const role = rolesFor[details.kind ?? ''];
  return role === undefined ? '' : `\nThe right comes with the role ${role}: ask your platform team to bind it.`;
}
