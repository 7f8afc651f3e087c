/** A second principal with its request, for plans in which several meet. */
import type { KubeObject } from '../../../src/kube/object.ts';
import { analystsArn, aRequest, aRole, meta, spec } from '../../support/builders.ts';

/** The ConsumptionRole and the request of a principal of this name, beside analysts. */
export function aPrincipal(name: string): KubeObject[] {
  return [
    aRole(meta({ name, uid: `uid-${name}` }), spec({ principalArn: analystsArn.replace('analysts', name) })),
    aRequest(
      meta({ name: `orders-for-${name}`, uid: `uid-orders-for-${name}` }),
      spec({ principal: { kind: 'ConsumptionRole', name } }),
    ),
  ];
}
