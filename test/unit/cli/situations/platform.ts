/** Situations that the platform team has to do with: Environments, claims, roles. */
import { bucket, consumer, manifest, owner, producer, requester, roleArn } from './hands.ts';
import { ask, withhold, editEnvironment, type Situation } from './situation.ts';

/** By reason. */
export const platformSituations: readonly Situation[] = [
  {
    reason: 'AssumeRoleDenied',
    what: 'the role of the Environment is gone',
    before: (hands) => {
      hands.act(consumer, 'iam', 'DeleteRolePolicy', { RoleName: 'sluice', PolicyName: 'sluice' });
      hands.act(consumer, 'iam', 'DeleteRole', { RoleName: 'sluice' });
      ask(hands);
    },
  },
  {
    reason: 'ExternalIdMissing',
    what: 'the Secret is gone',
    before: (hands) => {
      hands.remove('secrets', 'sluice-system/external-id');
      ask(hands);
    },
  },
  {
    reason: 'AccountMismatch',
    what: 'the role is of another account',
    before: editEnvironment('analytics', {
      assumeRole: {
        arn: `arn:aws:iam::${producer}:role/sluice`,
        externalIdSecretRef: { name: 'external-id', key: 'externalId' },
      },
    }),
  },
  {
    reason: 'DuplicateEnvironment',
    what: 'two Environments are for one account and region',
    after: (hands) => {
      const spec = (hands.scene.api.objects.get('environments', 'sales') as unknown as { spec: Record<string, unknown> }).spec;
      hands.create('environments', manifest('Environment', { name: 'sales-2' }, spec));
    },
    ask: [owner, 'environment/sales-2'],
  },
  {
    reason: 'OwnedByAnotherInstallation',
    what: 'another operator serves the account',
    before: (hands) => {
      const { objects } = hands.scene.api;
      const uid = objects.get('environments', 'analytics')?.metadata.uid;
      objects.replaceStatus('environments', 'analytics', { uid, status: { observedGeneration: 1, installation: 'zzzz9999' } });
      ask(hands);
    },
  },
  {
    reason: 'ProgressingWithRetry',
    what: 'AWS does not answer',
    before: (hands) => {
      hands.scene.aws.faults.add({
        kind: 'error',
        code: 'ServiceUnavailable',
        status: 503,
        match: { operation: 'PutBucketPolicy' },
      });
      ask(hands);
    },
  },
  {
    reason: 'NamespaceNotAllowed',
    what: 'the Environment does not admit the namespace',
    before: editEnvironment('analytics', { allowedNamespaces: { from: 'Names', names: ['nobody'] } }),
  },
  { reason: 'NotClaimed', what: 'no claim covers the role', before: editEnvironment('analytics', { claims: [] }) },
  {
    reason: 'AlreadyClaimed',
    what: 'a Dataset of another team has the bucket',
    after: (hands) => {
      const names = { from: 'All' };
      hands.edit('environments', 'sales', (spec) => ({
        ...spec,
        claims: [{ namespaces: names, buckets: ['*'], kmsKeys: ['*'] }],
      }));
      hands.create(
        'datasets',
        manifest(
          'Dataset',
          { name: 'thief', namespace: requester },
          { environmentRef: { name: 'sales' }, buckets: [{ name: bucket }] },
        ),
      );
    },
    ask: [requester, 'dataset/thief'],
  },
  {
    reason: 'EnvironmentNotFound',
    what: 'the role names an Environment that does not exist',
    before: (hands) => {
      hands.remove('consumptionroles', `${requester}/c0`);
      hands.create(
        'consumptionroles',
        manifest(
          'ConsumptionRole',
          { name: 'c0', namespace: requester },
          { environmentRef: { name: 'nowhere' }, principalArn: roleArn },
        ),
      );
      ask(hands);
    },
  },
  {
    reason: 'ProtectedRole',
    what: 'the role is one of Sluice’s own',
    before: (hands) => {
      hands.remove('consumptionroles', `${requester}/c0`);
      hands.create(
        'consumptionroles',
        manifest(
          'ConsumptionRole',
          { name: 'c0', namespace: requester },
          { environmentRef: { name: 'analytics' }, principalArn: `arn:aws:iam::${consumer}:role/sluice` },
        ),
      );
      ask(hands);
    },
  },
  {
    reason: 'ConflictingPolicyManagement',
    what: 'a second ConsumptionRole disagrees about the role',
    after: (hands) =>
      hands.create(
        'consumptionroles',
        manifest(
          'ConsumptionRole',
          { name: 'again', namespace: requester },
          { environmentRef: { name: 'analytics' }, principalArn: roleArn, policyManagement: 'External' },
        ),
      ),
    ask: [requester, 'consumptionrole/again'],
  },
  {
    reason: 'InUse',
    what: 'the Environment is deleted while shares need it',
    after: (hands) => hands.remove('environments', 'sales'),
    ask: [owner, 'environment/sales'],
  },
  {
    reason: 'InUse',
    what: 'the Dataset is deleted while access can’t be taken back',
    after: (hands) => {
      withhold(hands, producer, 's3:PutBucketPolicy', 's3:DeleteBucketPolicy');
      hands.remove('datasets', `${owner}/orders`);
    },
    ask: [owner, 'dataset/orders'],
  },
];
