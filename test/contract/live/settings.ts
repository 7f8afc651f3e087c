/**
 * What `make verify-live` has to be told before it touches real accounts, all of it in environment variables. Nothing has a default: whoever runs
 * it says where, as whom and under which names, and confirms the numbers of the accounts.
 */

/** Settings of a run on real accounts. */
export interface LiveSettings {
  /** A profile of the AWS configuration, or the ARN of a role to assume. */
  readonly owner: string;
  readonly consumer: string;
  readonly region: string;
  /** What the names of everything begin with. */
  readonly prefix: string;
  readonly ownerAccount: string;
  readonly consumerAccount: string;
}

/** A run that is refused; `problems` are sentences for the person who started it. */
export class LiveRefused extends Error {
  readonly code = 'LiveRefused';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(['Nothing was called.', ...problems.map((problem) => `  * ${problem}`)].join('\n'));
    this.problems = problems;
  }
}

/** The variables, and what each is for. docs/contract.md shows the same. */
export const liveVariables = {
  SLUICE_LIVE_OWNER: 'profile, or ARN of a role, in the account whose buckets and keys are made',
  SLUICE_LIVE_CONSUMER: 'profile, or ARN of a role, in the account whose roles use them',
  SLUICE_LIVE_REGION: 'Region, for example eu-west-1',
  SLUICE_LIVE_PREFIX: 'what all names begin with: 3 to 16 lower-case letters, digits and hyphens, such as acme-contract',
  SLUICE_LIVE_CONFIRM: 'the numbers of both accounts, as <owner>+<consumer>: they will get buckets, roles, policies and keys',
} as const;

type Variable = keyof typeof liveVariables;

const forms: Readonly<Record<Variable, RegExp>> = {
  SLUICE_LIVE_OWNER: /^(arn:aws[a-z-]*:iam::\d{12}:role\/\S+|[^\s:]+)$/,
  SLUICE_LIVE_CONSUMER: /^(arn:aws[a-z-]*:iam::\d{12}:role\/\S+|[^\s:]+)$/,
  SLUICE_LIVE_REGION: /^[a-z]{2}(-[a-z]+)+-\d$/,
  SLUICE_LIVE_PREFIX: /^[a-z][a-z0-9-]{1,14}[a-z0-9]$/,
  SLUICE_LIVE_CONFIRM: /^(\d{12})\+(?!\1$)\d{12}$/,
};

/** Reads the settings. @throws LiveRefused with everything that is missing or wrong, at once */
export function readLiveSettings(env: NodeJS.ProcessEnv): LiveSettings {
  const problems = (Object.keys(liveVariables) as Variable[]).flatMap((name) => {
    const value = env[name];
    if (value === undefined || value === '') return [`Set ${name}: ${liveVariables[name]}.`];
    return forms[name].test(value) ? [] : [`${name} is "${value}", which isn't a ${liveVariables[name]}.`];
  });
  for (const name of Object.keys(env).filter((one) => one.startsWith('AWS_ENDPOINT_URL') && env[one] !== ''))
    problems.push(`Unset ${name}: calls would go there instead of to AWS.`);
  if (problems.length > 0) throw new LiveRefused(problems);
  const [ownerAccount = '', consumerAccount = ''] = (env['SLUICE_LIVE_CONFIRM'] ?? '').split('+');
  return {
    owner: env['SLUICE_LIVE_OWNER'] ?? '',
    consumer: env['SLUICE_LIVE_CONSUMER'] ?? '',
    region: env['SLUICE_LIVE_REGION'] ?? '',
    prefix: env['SLUICE_LIVE_PREFIX'] ?? '',
    ownerAccount,
    consumerAccount,
  };
}
