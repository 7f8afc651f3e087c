/**
 * How large the policy of an S3 access point is with given grants: what decides when another point is needed. Which grants use which point is not
 * decided here.
 */
import { emptyPolicy, renderPolicy, statementOf } from './document.ts';
import { ownedPrefix } from './merge.ts';
import { byteSize } from './size.ts';
import { renderGroups, templateKey, type StatementTemplate } from './templates.ts';

/** What is measured of a grant on an access point. */
export interface AccessPointGrant {
  readonly principal: { readonly arn: string };
  readonly templates: readonly StatementTemplate[];
}

/** All installation ids have eight characters, so that any of them gives the size. */
const anyInstallation = '00000000';

/**
 * Bytes of the policy that gives exactly these grants and nothing else. A point takes them while this is less than `accessPointPolicyLimit`: the
 * writer keeps one byte in hand.
 */
export function accessPointPolicySize(grants: readonly AccessPointGrant[]): number {
  const parts = grants.flatMap(({ principal, templates }) => templates.map((template) => ({ template, arn: principal.arn })));
  const groups = [...Map.groupBy(parts, ({ template }) => templateKey(template)).values()].flatMap(([first, ...others]) =>
    first === undefined ? [] : [{ template: first.template, principals: new Set([first, ...others].map(({ arn }) => arn)) }],
  );
  const statements = renderGroups(ownedPrefix(anyInstallation), groups).map(statementOf);
  return byteSize(renderPolicy({ ...emptyPolicy, statements }));
}
