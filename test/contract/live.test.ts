// verify-live without AWS: what it refuses, what the rehearsal shows, that it cleans up whatever happens, and that it touches nothing else.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { CreateBucketCommand, PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, test } from 'vitest';
import type { Aws } from '../../sandbox/aws/index.ts';
import { answerOf, documentOf, type ContractCase } from './case.ts';
import { contractCases } from './cases/index.ts';
import type { OutgoingCall } from './clients.ts';
import { openLab } from './lab.ts';
import { callLine, runLive } from './live/run.ts';
import { LiveRefused, liveVariables, readLiveSettings } from './live/settings.ts';
import { sweep } from './live/sweep.ts';
import type { Place } from './place.ts';
import { checkAccounts, livePlace, runPrefix } from './places/live.ts';
import { startStandIn } from './places/stand-in.ts';
import { runCase } from './runner.ts';

const complete = {
  SLUICE_LIVE_OWNER: 'sandbox-owner',
  SLUICE_LIVE_CONSUMER: 'arn:aws:iam::444455556666:role/contract',
  SLUICE_LIVE_REGION: 'eu-west-1',
  SLUICE_LIVE_PREFIX: 'acme-contract',
  SLUICE_LIVE_CONFIRM: '111122223333+444455556666',
};

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function standIn(onCall?: (call: OutgoingCall) => void): Promise<{ place: Place; aws: Aws }> {
  const started = await startStandIn({ prefix: 'acme-contract-0a1b2c', ...(onCall === undefined ? {} : { onCall }) });
  ends.push(started.stop);
  return started;
}

/** Everything in both accounts that isn't there from the start and isn't waiting for its deletion. */
function remains(aws: Aws): string[] {
  const { s3, accessPoints, iam, kms } = aws.snapshot();
  const accounts = [...iam.accounts.values()];
  return [
    ...s3.buckets.keys(),
    ...accessPoints.points.keys(),
    ...accounts.flatMap(({ roles, users, policies }) => [...roles.keys(), ...users.keys(), ...policies.keys()]),
    ...[...kms.keys.values()].flatMap(({ id, state }) => (state === 'PendingDeletion' ? [] : [id])),
    ...kms.aliases.keys(),
  ].filter((name) => name !== 'administrator');
}

describe('settings', () => {
  test('given nothing, when it is started, then it refuses and names every variable', () => {
    const problems = refusal({});
    for (const name of Object.keys(liveVariables)) expect(problems.join('\n')).toContain(`Set ${name}:`);
  });

  test.each([
    ['SLUICE_LIVE_CONFIRM', ''],
    ['SLUICE_LIVE_CONFIRM', 'yes'],
    ['SLUICE_LIVE_CONFIRM', '111122223333'],
    ['SLUICE_LIVE_CONFIRM', '111122223333+111122223333'],
    ['SLUICE_LIVE_PREFIX', 'A'],
    ['SLUICE_LIVE_PREFIX', 'acme-'],
    ['SLUICE_LIVE_PREFIX', 'a-prefix-that-is-too-long'],
    ['SLUICE_LIVE_REGION', 'Ireland'],
    ['SLUICE_LIVE_OWNER', 'arn:aws:iam::111122223333:user/somebody'],
  ])('given %s=%s, when it is started, then it refuses because of that alone', (name, value) => {
    const problems = refusal({ ...complete, [name]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(name);
  });

  test('given an endpoint that is not AWS, when it is started, then it refuses', () => {
    expect(refusal({ ...complete, AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1' })).toEqual([
      'Unset AWS_ENDPOINT_URL_S3: calls would go there instead of to AWS.',
    ]);
  });

  test('given all of them, then they are taken as they are', () => {
    expect(readLiveSettings(complete)).toMatchObject({ ownerAccount: '111122223333', consumerAccount: '444455556666' });
  });

  test('given one prefix, when two runs begin, then their names differ', () => {
    expect(runPrefix('acme')).toMatch(/^acme-[0-9a-f]{6}$/);
    expect(runPrefix('acme')).not.toBe(runPrefix('acme'));
    expect(livePlace(readLiveSettings(complete), {})).toMatchObject({ region: 'eu-west-1', owner: { id: '111122223333' } });
  });

  function refusal(env: NodeJS.ProcessEnv): readonly string[] {
    try {
      readLiveSettings(env);
    } catch (error) {
      if (error instanceof LiveRefused) return error.problems;
      throw error;
    }
    return [];
  }
});

describe('accounts', () => {
  test('given an identity in another account than the confirmed one, then nothing but the question was asked', async () => {
    const { place, aws } = await standIn();
    await expect(checkAccounts(place)).resolves.toBeUndefined();
    aws.calls.reset();
    const owner = { ...place.owner, id: '999988887777' };
    await expect(checkAccounts({ ...place, owner })).rejects.toThrow(/is in account 111122223333, .* says 999988887777/);
    expect(new Set(aws.calls.list().map(({ operation }) => operation))).toEqual(new Set(['GetCallerIdentity']));
  });
});

describe('a rehearsal', () => {
  test('given no account at all, when it runs with --dry-run, then it prints every call and ends well', () => {
    const env = { PATH: process.env['PATH'], HOME: '/nonexistent' };
    const main = join(import.meta.dirname, 'live/main.ts');
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, '--dry-run'], { env, encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const printed = stdout.split('\n').filter((line) => /^ {4}\d{12} /.test(line));
    expect(stdout).toContain(`${printed.length} calls in ${contractCases.length} cases. Nothing left this machine.`);
    for (const { sentence } of contractCases) expect(stdout).toContain(sentence);
  });

  test('given the whole suite, when it runs, then what is printed is what was called, named with the prefix, tagged, and gone at the end', async () => {
    const made: OutgoingCall[] = [];
    const { place, aws } = await standIn((call) => made.push(call));
    const { passed, left } = await runLive(contractCases, place, () => undefined);
    expect({ passed, left }).toEqual({ passed: true, left: [] });
    expect(made.map(({ service, operation }) => `${service}:${operation}`)).toEqual(
      aws.calls.list().map(({ service, operation }) => `${service}:${operation}`),
    );
    for (const call of made.filter(({ operation }) => operation.startsWith('Create') && operation !== 'CreatePolicyVersion')) {
      const line = callLine(call);
      if (call.operation !== 'CreateKey') expect(line.toLowerCase()).toContain(place.prefix);
      const tagged = JSON.stringify(call.input['Tags'] ?? '').includes(place.prefix);
      const taggedApart = ['CreateBucket', 'CreateAlias'].includes(call.operation);
      if (!taggedApart) expect(tagged, line).toBe(true);
    }
    expect(remains(aws)).toEqual([]);
  });
});

describe('clean-up', () => {
  const breaking: ContractCase = {
    service: 'S3',
    sentence: 'A case that breaks.',
    guide: '',
    aws: 'OK',
    given: async (lab) => {
      const role = await lab.role({ allow: [{ Action: 's3:GetObject', Resource: '*' }] });
      await lab.point(await lab.bucket());
      await lab.key(documentOf({ Effect: 'Allow', Principal: { AWS: lab.owner.root }, Action: 'kms:*', Resource: '*' }));
      return () => Promise.reject(new Error(`broken after making ${role.name}`));
    },
  };

  test('given a case that breaks, when it has made things, then they are removed and the reason is told', async () => {
    const { place, aws } = await standIn();
    await expect(runCase(breaking, place)).rejects.toThrow(/broken after making/);
    expect(remains(aws)).toEqual([]);
  });

  test('given a thing that AWS does not let go, when the case ends, then the others are removed and that one is named', async () => {
    const { place, aws } = await standIn();
    aws.faults.add({ kind: 'error', code: 'AccessDenied', status: 403, match: { operation: 'DeleteBucket' } });
    const lines: string[] = [];
    const { passed, left } = await runLive([breaking], place, (line) => lines.push(line));
    expect(passed).toBe(false);
    expect(left).toHaveLength(1);
    expect(left[0]).toMatch(
      /^The bucket acme-contract-0a1b2c-\d+ couldn't be removed \(AccessDenied: .*\): remove it by hand\.$/,
    );
    expect(lines.join('\n')).toContain('FAILED: Error: broken after making');
    expect(remains(aws)).toHaveLength(1);
  });

  test('given Ctrl-C while an answer is waited for, then the case is cleaned up and no other one begins', async () => {
    const { place, aws } = await standIn();
    const stopping = new AbortController();
    const waiting: ContractCase = {
      ...breaking,
      sentence: 'A case that waits.',
      given: async (lab) => {
        await lab.bucket();
        return () => {
          stopping.abort(new Error('stopped'));
          return Promise.resolve('not yet');
        };
      },
    };
    const patient = { ...place, patienceMs: 60_000, signal: stopping.signal };
    const lines: string[] = [];
    const { passed } = await runLive([waiting, breaking], patient, (line) => lines.push(line));
    expect(passed).toBe(false);
    expect(lines).toContain('Stopped: 1 cases were not run.');
    expect(remains(aws)).toEqual([]);
  });

  test('given what a killed run has left, when it is swept, then that is gone and nothing else is', async () => {
    const { place, aws } = await standIn();
    const lab = openLab(place);
    const bucket = await lab.bucket();
    await lab.point(bucket);
    await lab.role({ allow: [{ Action: 's3:GetObject', Resource: '*' }] });
    await lab.role({ account: lab.owner });
    await lab.key();
    aws.seed.bucket('111122223333', 'acme-orders');
    aws.seed.role('444455556666', 'acme-contract-0a1b2c-not-ours');
    aws.seed.key('111122223333');
    const before = remains(aws).length;
    const lines: string[] = [];
    expect(await sweep(place, 'acme-contract', (line) => lines.push(line))).toEqual([]);
    expect(lines).toHaveLength(6);
    expect(remains(aws)).toHaveLength(before - 6);
    expect(remains(aws)).toEqual(expect.arrayContaining(['acme-orders', 'acme-contract-0a1b2c-not-ours']));
  });
});

describe('patience', () => {
  test('given AWS that learns of a role ten seconds late, when a policy names it, then the case waits and answers as ever', async () => {
    const { place, aws } = await standIn();
    aws.configure({ principalVisibilityMs: 10_000 });
    // Time of the stand-in's own, moved by whoever sleeps.
    const clock = { ...place.clock, now: () => aws.clock.now(), sleep: async (ms: number) => aws.clock.advance(ms) };
    const naming: ContractCase = {
      service: 'S3',
      sentence: 'A case with a new role.',
      guide: '',
      aws: 'OK',
      given: async (lab) => {
        const Bucket = lab.name();
        lab.willMake({ kind: 'bucket', s3: lab.owner.s3, name: Bucket });
        await lab.owner.s3.send(
          new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } }),
        );
        const { arn } = await lab.role();
        const Resource = `arn:aws:s3:::${Bucket}/*`;
        const Policy = documentOf({ Effect: 'Allow', Principal: { AWS: arn }, Action: 's3:GetObject', Resource });
        return () => answerOf(lab.owner.s3.send(new PutBucketPolicyCommand({ Bucket, Policy })));
      },
    };
    expect((await runCase(naming, { ...place, clock })).observed).toBe('MalformedPolicy');
    expect((await runCase(naming, { ...place, clock, patienceMs: 60_000 })).observed).toBe('OK');
  });
});
