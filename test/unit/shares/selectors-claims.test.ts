/** Which namespaces are meant, and what a namespace may speak for. Closed wherever nothing was said. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  claimedBucket,
  claimedKey,
  claimedPrincipal,
  endsImmediately,
  isClaimed,
  matchesGlob,
  needsTags,
  type Claim,
} from '../../../src/shares/claims.ts';
import { choosesNamespace, type LabelSelector, type NamespaceChoice } from '../../../src/shares/selectors.ts';
import { keyArn } from '../../support/builders.ts';

const sales = { name: 'team-sales', labels: { tier: 'gold', own: 'anything' } };
const context = { own: 'team-sales', trustedLabels: ['tier'] };
const chosen = (choice: NamespaceChoice): boolean => choosesNamespace(choice, sales, context);
const selected = (selector: LabelSelector): boolean => chosen({ from: 'Selector', selector });

describe('a choice of namespaces', () => {
  test.each<[NamespaceChoice, boolean]>([
    [{ from: 'All' }, true],
    [{ from: 'Same' }, true],
    [{ from: 'Names', names: ['team-sales', 'team-other'] }, true],
    [{ from: 'Names', names: ['team-other'] }, false],
    [{ from: 'Names', names: ['team-*'] }, false],
    [{ from: 'Names', names: [] }, false],
    [{ from: 'Names' }, false],
    [{ from: 'Selector' }, false],
    [{ from: 'Selector', selector: {} }, false],
    [{ from: 'Selector', selector: { matchLabels: {}, matchExpressions: [] } }, false],
  ])('%j: %s', (choice, expected) => {
    expect(chosen(choice)).toBe(expected);
  });

  test('Same is no namespace where there is none, as on an Environment', () => {
    expect(choosesNamespace({ from: 'Same' }, sales, { own: undefined, trustedLabels: [] })).toBe(false);
  });
});

describe('a selector', () => {
  test.each<[LabelSelector, boolean]>([
    [{ matchLabels: { tier: 'gold' } }, true],
    [{ matchLabels: { tier: 'silver' } }, false],
    [{ matchLabels: { 'kubernetes.io/metadata.name': 'team-sales' } }, true],
    [{ matchExpressions: [{ key: 'tier', operator: 'In', values: ['gold', 'silver'] }] }, true],
    [{ matchExpressions: [{ key: 'tier', operator: 'In', values: [] }] }, false],
    [{ matchExpressions: [{ key: 'tier', operator: 'In' }] }, false],
    [{ matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['gold'] }] }, false],
    [{ matchExpressions: [{ key: 'tier', operator: 'Exists' }] }, true],
    [{ matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] }, false],
    [{ matchLabels: { tier: 'gold' }, matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['gold'] }] }, false],
  ])('%j: %s', (selector, expected) => {
    expect(selected(selector)).toBe(expected);
  });

  test('that looks at a label anybody may set matches nobody, whatever it says of it and whatever else it says', () => {
    for (const operator of ['In', 'NotIn', 'Exists', 'DoesNotExist'] as const)
      for (const key of ['own', 'absent'])
        expect(selected({ matchLabels: { tier: 'gold' }, matchExpressions: [{ key, operator, values: ['anything'] }] })).toBe(
          false,
        );
    expect(selected({ matchLabels: { own: 'anything' } })).toBe(false);
  });

  test('goes by the real name of the namespace, not by a label that pretends to be it', () => {
    const pretender = { name: 'team-evil', labels: { 'kubernetes.io/metadata.name': 'team-sales' } };
    const selector = { matchLabels: { 'kubernetes.io/metadata.name': 'team-sales' } };
    expect(choosesNamespace({ from: 'Selector', selector }, pretender, context)).toBe(false);
  });
});

describe('a glob', () => {
  test.each([
    ['acme-orders', 'acme-orders', true],
    ['acme-orders', 'acme-orders2', false],
    ['acme-*', 'acme-', true],
    ['acme-*', 'acme', false],
    ['*', '', true],
    ['?', '', false],
    ['a?c', 'abc', true],
    ['a*c*e', 'abcde', true],
    ['a*c*e', 'abcd', false],
    ['*ab', 'aab', true],
    ['acme.orders', 'acmeXorders', false],
    ['(a+)+$', 'aaaa', false],
    ['ACME', 'acme', false],
  ])('%s on %s: %s', (glob, text, expected) => {
    expect(matchesGlob(glob, text)).toBe(expected);
  });

  test('means what a naive reading of it means', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 });
    const globs = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 6 });
    const naive = (glob: string, text: string): boolean => {
      if (glob === '') return text === '';
      if (glob.startsWith('*')) return naive(glob.slice(1), text) || (text !== '' && naive(glob, text.slice(1)));
      return text !== '' && (glob.startsWith('?') || glob[0] === text[0]) && naive(glob.slice(1), text.slice(1));
    };
    fc.assert(
      fc.property(globs, letters, (glob, text) => matchesGlob(glob, text) === naive(glob, text)),
      { numRuns: 2000 },
    );
  });

  test('takes no more than glob × text steps, however it is written', () => {
    // A backtracking matcher would need some 10^70 steps for this one, and the test would not end.
    expect(matchesGlob(`${'a*'.repeat(60)}b`, 'a'.repeat(20_000))).toBe(false);
  });
});

const claims = (claim: Partial<Claim>): Claim[] => [{ namespaces: { from: 'Names', names: ['team-sales'] }, ...claim }];
const role = (path: string) => claimedPrincipal(`arn:aws:iam::444455556666:${path}`, undefined);

describe('a claim', () => {
  test.each<[string, Claim[], Parameters<typeof isClaimed>[1], boolean]>([
    ['a bucket by glob', claims({ buckets: ['acme-*'] }), claimedBucket('acme-orders', undefined), true],
    ['not another bucket', claims({ buckets: ['acme-*'] }), claimedBucket('beta-orders', undefined), false],
    ['nothing with an empty list', claims({ buckets: [] }), claimedBucket('acme-orders', undefined), false],
    ['nothing without claims', [], claimedBucket('acme-orders', undefined), false],
    ['no key by a claim of buckets', claims({ buckets: ['*'] }), claimedKey(keyArn, undefined), false],
    ['a key by its id', claims({ kmsKeys: ['1234abcd-*'] }), claimedKey(keyArn, undefined), true],
    [
      'a key by its whole ARN',
      claims({ kmsKeys: ['arn:aws:kms:eu-west-1:111122223333:key/*'] }),
      claimedKey(keyArn, undefined),
      true,
    ],
    [
      'not a key of another region',
      claims({ kmsKeys: ['arn:aws:kms:us-east-1:111122223333:key/*'] }),
      claimedKey(keyArn, undefined),
      false,
    ],
    ['a role by name, whatever its path', claims({ roles: ['analysts'] }), role('role/teams/analysts'), true],
    ['a role by path', claims({ roles: ['role/teams/*'] }), role('role/teams/deep/analysts'), true],
    ['not a role that only looks alike', claims({ roles: ['analysts'] }), role('role/analysts2'), false],
    ['not a role of another path', claims({ roles: ['role/teams/*'] }), role('role/teamsters/analysts'), false],
    ['no user by a bare name', claims({ roles: ['*'] }), role('user/robot'), false],
    ['a user in full', claims({ roles: ['user/robot'] }), role('user/robot'), true],
    ['what carries the namespace as tag', claims({ byTag: 'owner' }), claimedBucket('x', { owner: 'team-sales' }), true],
    ['not what carries another one', claims({ byTag: 'owner' }), claimedBucket('x', { owner: 'team-other' }), false],
    ['not what carries no tag', claims({ byTag: 'owner' }), claimedBucket('x', {}), false],
    ['nothing by tags that were not read', claims({ byTag: 'owner' }), claimedBucket('x', undefined), false],
    [
      'nothing for another namespace',
      claims({ namespaces: { from: 'Names', names: ['team-other'] }, buckets: ['*'] }),
      claimedBucket('x', undefined),
      false,
    ],
    [
      'nothing by a tag of another namespace, though it is for all',
      claims({ namespaces: { from: 'All' }, byTag: 'owner' }),
      claimedBucket('x', { owner: 'team-other' }),
      false,
    ],
  ])('covers %s', (_what, given, resource, expected) => {
    expect(isClaimed(given, resource, sales, [])).toBe(expected);
  });

  test('by tag says so, and only one for the namespace ends shares at once', () => {
    expect(needsTags(claims({ byTag: 'owner' }))).toBe(true);
    expect(needsTags(claims({ buckets: ['*'] }))).toBe(false);
    expect(endsImmediately(claims({ buckets: ['x'], onLoss: 'Immediately' }), sales, [])).toBe(true);
    expect(endsImmediately(claims({ buckets: ['x'], onLoss: 'AfterGracePeriod' }), sales, [])).toBe(false);
    expect(endsImmediately(claims({ buckets: ['x'], onLoss: 'Immediately' }), { name: 'team-other', labels: {} }, [])).toBe(
      false,
    );
  });
});
