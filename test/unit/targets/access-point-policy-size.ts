/** How large the policy of an access point is with given grants: the test of the limit measures with it. Tests only. */
import { emptyPolicy, renderPolicy, statementOf } from '../../../src/policy/document.ts';
import { ownedPrefix } from '../../../src/policy/merge.ts';
import { byteSize } from '../../../src/policy/size.ts';
import { renderGroups, templateKey, type StatementTemplate } from '../../../src/policy/templates.ts';

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
