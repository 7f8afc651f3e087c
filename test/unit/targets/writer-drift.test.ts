/**
 * Every breakage × every document × Reapply and Report: it is found, in data.all's words; Reapply mends it with the fewest writes; Report leaves it until a
 * repair is asked for. Cases on a real API server are in test/cluster/aws-drift.test.ts.
 */
import { GetKeyPolicyCommand } from '@aws-sdk/client-kms';
import { beforeEach, describe, expect, it } from 'vitest';
import { textsOf, type JsonObject } from '../../../src/policy/document.ts';
import { atomKey, statementAtoms } from '../../../src/policy/statement-atoms.ts';
import type { Finding } from '../../../src/targets/target.ts';
import type { TargetReport } from '../../../src/targets/writer-types.ts';
import { shareBreakages } from './breakages-share.ts';
import { resourceBreakages, type Breakage, type DocumentName, sidOf, type Shared } from './breakages.ts';
import { deny, documentOf, isOurs, ownStatements } from './documents.ts';
import { contents } from './iam.ts';
import { createWorld, states, wantBucket, wantKey, wantShare, writesOf } from './world.ts';

/** data.all's templates (its share verifier's messages), and one of our own for what is nobody's. */
const templates =
  /^(.+ Target Resource does not exist: .+|Requestor \S+ (missing|has not allowed) .+ permissions: .+ for .+ Target: .*|IAM Policy .+ is not needed)$/;

let shared: Shared;

beforeEach(async () => {
  const world = createWorld();
  const [analyst, stranger] = [await world.role('analyst'), await world.role('stranger')];
  await world.bucket('acme', documentOf(deny));
  shared = { world, analyst, stranger, key: await world.key() };
});

/** One run of a document as the operator makes it: with `repair` for Reapply, without for Report. */
function run(document: DocumentName, repair: boolean, question = 'want'): Promise<TargetReport<unknown>> {
  const { world, analyst, key } = shared;
  const over = { repair, question };
  switch (document) {
    case 'bucket policy':
      return world.runBucket('acme', [wantBucket(analyst, 'acme', over)], { verify: true });
    case 'key policy':
      return world.runKey(key, [wantKey(analyst, over)], { verify: true });
    case 'share policy':
      return world.runShare(analyst.arn, [wantShare(analyst, 'acme', over)], { verify: true });
  }
}

/** What our part of a document gives, however it is laid out. */
async function given(document: DocumentName): Promise<readonly string[]> {
  return [...new Set((await ours(document)).flatMap(statementAtoms).map(atomKey))].sort();
}

async function ours(document: DocumentName): Promise<readonly JsonObject[]> {
  const { world, key } = shared;
  switch (document) {
    case 'bucket policy':
      return ownStatements(world);
    case 'key policy': {
      const { Policy = '' } = await world.producer.kms.send(new GetKeyPolicyCommand({ KeyId: key }));
      return (JSON.parse(Policy) as { readonly Statement: JsonObject[] }).Statement.filter(isOurs);
    }
    case 'share policy':
      return (await contents(world, 'analyst')).flat();
  }
}

/** A share that has been in place for a while; then it is broken, and a while later somebody looks. */
async function broken({ document, make }: Breakage): Promise<readonly string[]> {
  expect(states(await run(document, true))).toEqual(['Applied']);
  const before = await given(document);
  shared.world.clock.advance(120_000);
  expect((await run(document, true)).writes).toEqual([]);
  await make(shared);
  shared.world.clock.advance(120_000);
  shared.world.aws.calls.reset();
  return before;
}

/** The findings that a run began with: what it mended is to be read here only. */
function expectFound(breakage: Breakage, report: TargetReport<unknown>, when: 'found' | 'left'): void {
  const findings =
    when === 'found' ? [...report.found.values()].flat() : [...report.items.values()].flatMap((each) => each.findings);
  expectKind(findings, 'missing', breakage.missing);
  expectKind(findings, 'excess', breakage.excess);
  if (when === 'found') return;
  expect(report.unowned.length > 0).toBe(breakage.unowned !== undefined);
  expect(report.unowned.map(({ message }) => message).join()).toContain(breakage.unowned ?? '');
  for (const { message } of [...findings, ...report.unowned]) expect(message).toMatch(templates);
}

function expectKind(findings: readonly Finding[], kind: Finding['kind'], words: string | undefined): void {
  const messages = findings.filter((finding) => finding.kind === kind).map(({ message }) => message);
  expect(messages.length > 0, messages.join()).toBe(words !== undefined);
  expect(messages.join()).toContain(words ?? '');
}

const breakages = [...resourceBreakages, ...shareBreakages];
const mendable = breakages.filter(({ mendedBy }) => mendedBy.length > 0);
const foreign = breakages.filter(({ mendedBy }) => mendedBy.length === 0);

describe('Reapply', () => {
  it.each(mendable)('$document: $title: it is found and mended at once', async (breakage) => {
    const before = await broken(breakage);
    const report = await run(breakage.document, true);
    expectFound(breakage, report, 'found');
    expect(states(report)).toEqual(['Applied']);
    expect(report.unowned).toEqual([]);
    expect(writesOf(shared.world)).toEqual(breakage.mendedBy);
    expect(await given(breakage.document)).toEqual(before);
    shared.world.clock.advance(120_000);
    expect((await run(breakage.document, true)).writes).toEqual([]);
  });
});

describe('Report', () => {
  it.each(mendable)('$document: $title: it is found and left, until a repair is asked for', async (breakage) => {
    const before = await broken(breakage);
    for (let look = 0; look < 3; look++) {
      const report = await run(breakage.document, false);
      expectFound(breakage, report, 'left');
      expect(states(report)).toEqual([breakage.missing === undefined ? 'Applied' : 'Failed/Drifted']);
      shared.world.clock.advance(600_000);
    }
    expect(writesOf(shared.world)).toEqual([]);
    expect(await given(breakage.document)).not.toEqual(before);

    expect(states(await run(breakage.document, true, 'want|asked at noon'))).toEqual(['Applied']);
    expect(writesOf(shared.world)).toEqual(breakage.mendedBy);
    expect(await given(breakage.document)).toEqual(before);
    shared.world.clock.advance(120_000);
    expect((await run(breakage.document, false, 'want|asked at noon')).writes).toEqual([]);
  });
});

describe.each([true, false])('what is not Sluice’s to mend (repair: %s)', (repair) => {
  it.each(foreign)('$document: $title: it is found, named and not touched', async (breakage) => {
    await broken(breakage);
    const report = await run(breakage.document, repair);
    expectFound(breakage, report, 'left');
    expect(report.items.values().next().value?.reason).toBe(repair ? 'NotOwned' : (breakage.reportedAs ?? 'NotOwned'));
    expect(writesOf(shared.world)).toEqual([]);
  });
});

describe('what is no breakage', () => {
  const edits: readonly [string, (own: JsonObject) => JsonObject | readonly JsonObject[]][] = [
    ['actions in another order', (own) => ({ ...own, Action: textsOf(own.Action).toReversed() })],
    ['one text instead of a list of one', (own) => ({ ...own, Principal: { AWS: shared.analyst.arn } })],
    [
      'our statement in two',
      (own) => textsOf(own.Action).map((Action, index) => ({ ...own, Sid: `${sidOf(own)}${String(index)}`, Action })),
    ],
  ];
  it.each(edits)('%s: nothing is found and nothing is written', async (_title, edit) => {
    await run('bucket policy', true);
    const { world } = shared;
    const all = (JSON.parse((await world.policyOf('acme')) ?? '{}') as { readonly Statement: JsonObject[] }).Statement;
    world.plantPolicy('acme', documentOf(...all.flatMap((each) => (isOurs(each) ? edit(each) : each))));
    world.clock.advance(120_000);
    const report = await run('bucket policy', true);
    expect([states(report), report.writes, [...report.found.values()].flat()]).toEqual([['Applied'], [], []]);
  });
});
