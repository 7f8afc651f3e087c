/**
 * Which statements of ours a resource policy should hold, when everything wanted has to share a limited number of bytes. Who is served already
 * keeps the place; newcomers come in order of seniority and are refused where there is no room. Removals need no room.
 */
import { byText } from '../policy/compare.ts';
import type { JsonObject } from '../policy/document.ts';
import { nameHash } from '../policy/name-hash.ts';
import { awsPrincipals, isDeadId } from '../policy/principals.ts';
import { byteSize } from '../policy/size.ts';
import { everybody, renderGroups, templateKey, type OwnStatement, type StatementTemplate } from '../policy/templates.ts';
import type { ResourceGrant } from './resource-policy.ts';
import { findStatements, granteeOf, type FoundStatements } from './resource-policy-found.ts';
import type { Contribution } from './target.ts';

type Grants = readonly Contribution<ResourceGrant>[];

/**
 * What {@link fillDocument} works on: `own` are our statements as found, `room` the bytes that foreign statements leave, `newRoom` those that our statements may take
 * before newcomers are refused.
 */
export interface FillRequest {
  readonly prefix: string;
  readonly contributions: Grants;
  readonly own: readonly JsonObject[];
  readonly room: number;
  readonly newRoom: number;
}

/** Our statements as they should be, their bytes, and the items for which there is no room. */
export interface Filled {
  readonly statements: readonly OwnStatement[];
  readonly size: number;
  readonly refused: ReadonlySet<string>;
}

interface Group {
  readonly template: StatementTemplate;
  readonly principals: Set<string>;
}

/** Decides who stands in the document. */
export function fillDocument(request: FillRequest): Filled {
  const found = findStatements(request.own);
  const groups = new Map<string, Group>();
  const wants = request.contributions.filter(({ mode }) => mode === 'want');
  for (const held of request.contributions.filter(({ mode }) => mode === 'hold')) addFound(groups, held.grant, found);
  const retained = retainedStatements(request, found);
  const render = (): OwnStatement[] => withRetained(renderGroups(request.prefix, [...groups.values()]), retained, request.prefix);

  const standing = wants.filter(({ grant }) => stands(grant, found, 'every'));
  for (const { grant } of standing) addAll(groups, grant);
  const newcomers = wants.filter((want) => !standing.includes(want)).sort(bySeniority(found));
  const added = newcomers.map(({ grant }) => addAll(groups, grant));
  const all = render();
  if (sizeOf(all) <= request.newRoom) return { statements: all, size: sizeOf(all), refused: new Set() };
  for (const undo of added.reverse()) undo();

  const refused = new Set<string>();
  let size = sizeOf(render());
  for (const newcomer of newcomers) {
    const room = newcomer.live === true ? request.room : request.newRoom;
    // Writing everything out for each of a thousand newcomers to a full document would take seconds: most are seen not to fit without.
    if (size + leastGrowth(groups, newcomer.grant) <= room) {
      const undo = addAll(groups, newcomer.grant);
      const grown = sizeOf(render());
      if (grown <= room) {
        size = grown;
        continue;
      }
      undo();
    }
    refused.add(newcomer.item);
    if (addFound(groups, newcomer.grant, found)) size = sizeOf(render());
  }
  return { statements: render(), size, refused };
}

/** Bytes that the grant takes at the least: its principal, once more in each statement that others stand in already. */
function leastGrowth(groups: Map<string, Group>, grant: ResourceGrant): number {
  const grantee = granteeOf(grant);
  const lacking = new Set(
    grant.templates
      .map((template) => groupFor(groups, template))
      .filter(({ principals }) => principals.size > 0 && !principals.has(grantee)),
  );
  return lacking.size * (byteSize(JSON.stringify(grantee)) + 1);
}

/** Whoever has been in place comes first, then whoever stands in the document with a part, then those who don't stand in it at all. */
function bySeniority(found: FoundStatements): (left: Grants[number], right: Grants[number]) => number {
  return byText(({ grant, order, item, live }) =>
    JSON.stringify([live === true ? 0 : 1, stands(grant, found, 'some') ? 0 : 1, order, item]),
  );
}

function stands(grant: ResourceGrant, found: FoundStatements, how: 'some' | 'every'): boolean {
  return grant.templates[how]((template) => found.has(template, granteeOf(grant)));
}

/** Adds the grant; returns what takes back exactly what was added. */
function addAll(groups: Map<string, Group>, grant: ResourceGrant): () => void {
  const grantee = granteeOf(grant);
  const added = grant.templates
    .map((template) => groupFor(groups, template))
    .filter(({ principals }) => !principals.has(grantee));
  for (const { principals } of added) principals.add(grantee);
  return () => {
    for (const { principals } of added) principals.delete(grantee);
  };
}

/** Of a grant that is neither to be added nor to be taken away: the parts that are there. Returns whether there are any. */
function addFound(groups: Map<string, Group>, grant: ResourceGrant, found: FoundStatements): boolean {
  const grantee = granteeOf(grant);
  const there = grant.templates.filter((template) => found.has(template, grantee));
  for (const template of there) groupFor(groups, template).principals.add(grantee);
  return there.length > 0;
}

function groupFor(groups: Map<string, Group>, template: StatementTemplate): Group {
  const key = templateKey(template);
  const group = groups.get(key) ?? { template, principals: new Set<string>() };
  groups.set(key, group);
  return group;
}

/**
 * Statements under our mark that no template explains (somebody changed them, or an older version of ours wrote them) stay for principals that
 * are on hold: what they have is not judged yet. Nobody else keeps a place in them, dead ids never.
 */
function retainedStatements({ contributions }: FillRequest, found: FoundStatements): JsonObject[] {
  const held = new Set(contributions.filter(({ mode }) => mode === 'hold').map(({ grant }) => granteeOf(grant)));
  if (held.size === 0) return [];
  return found.unexplained(contributions.flatMap(({ grant }) => grant.templates)).flatMap((statement) => {
    const principals = awsPrincipals(statement).filter((principal) => held.has(principal) && !isDeadId(principal));
    if (principals.length === 0) return [];
    return [{ ...statement, Principal: principals.includes(everybody) ? everybody : { AWS: principals.sort() } }];
  });
}

/** Retained statements keep their Sid, unless one of the wanted has it. */
function withRetained(wanted: readonly OwnStatement[], retained: readonly JsonObject[], prefix: string): OwnStatement[] {
  const sids = new Set(wanted.map(({ Sid }) => Sid));
  const renamed = retained.map((statement): OwnStatement => {
    const sid =
      typeof statement.Sid === 'string' && !sids.has(statement.Sid)
        ? statement.Sid
        : `${prefix}Held${nameHash(8, JSON.stringify(statement))}`;
    sids.add(sid);
    return { ...statement, Sid: sid };
  });
  return [...wanted, ...renamed];
}

/** Bytes that the statements take in a document, the commas included. */
function sizeOf(statements: readonly OwnStatement[]): number {
  return statements.reduce((size, statement) => size + byteSize(JSON.stringify(statement)) + 1, 0);
}
