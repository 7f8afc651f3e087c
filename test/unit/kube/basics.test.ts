import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBackoff } from '../../../src/kube/backoff.ts';
import * as errors from '../../../src/kube/errors.ts';
import { nextStep } from '../../../src/kube/event-series.ts';
import { microTime } from '../../../src/kube/micro-time.ts';
import { keyOf, splitKey } from '../../../src/kube/object.ts';
import { apiPath, apiVersionOf } from '../../../src/kube/resource.ts';
import type { ResourceType } from '../../../src/kube/resource.ts';
import { retryDelay } from '../../../src/kube/retry.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';
import { widgets } from './widget.ts';

describe('keys', () => {
  it('lead back to namespace and name', () => {
    const part = fc.stringMatching(/^[a-z0-9.-]+$/);
    fc.assert(
      fc.property(part, fc.option(part, { nil: undefined }), (name, namespace) => {
        const ref = namespace === undefined ? { name } : { name, namespace };
        expect(splitKey(keyOf({ metadata: ref }))).toEqual(ref);
      }),
    );
  });

  it.each(['', '/', 'a/', '/a', 'a/b/c'])('refuse "%s"', (key) => {
    expect(() => splitKey(key)).toThrow(TypeError);
  });
});

describe('API paths', () => {
  const nodes: ResourceType = { group: '', version: 'v1', plural: 'nodes', kind: 'Node', namespaced: false };
  it.each([
    [apiPath(nodes), '/api/v1/nodes'],
    [apiPath(nodes, { name: 'n', namespace: 'ignored' }), '/api/v1/nodes/n'],
    [apiPath(widgets), '/apis/example.com/v1/widgets'],
    [apiPath(widgets, { namespace: 'ns' }), '/apis/example.com/v1/namespaces/ns/widgets'],
    [
      apiPath(widgets, { namespace: 'ns', name: 'a/../b', subresource: 'status' }),
      '/apis/example.com/v1/namespaces/ns/widgets/a%2F..%2Fb/status',
    ],
  ])('%s', (path, expected) => {
    expect(path).toBe(expected);
  });

  it('come with the right apiVersion', () => {
    expect([apiVersionOf(nodes), apiVersionOf(widgets)]).toEqual(['v1', 'example.com/v1']);
  });
});

describe('errors', () => {
  const of = (status: number, reason = ''): unknown => errors.apiErrorFrom(status, { kind: 'Status', reason, message: 'm' });
  it.each([
    ['isNotFound', of(404), of(410)],
    ['isConflict', of(409, 'Conflict'), of(409, 'AlreadyExists')],
    ['isAlreadyExists', of(409, 'AlreadyExists'), of(409, 'Conflict')],
    ['isGone', of(410), of(404)],
    ['isForbidden', of(403), of(401)],
    ['isUnauthorized', of(401), of(403)],
    ['isTooManyRequests', of(429), of(503)],
    ['isInvalid', of(422), of(400)],
    ['isConnectionError', new errors.ConnectionError('closed', 'm'), of(500)],
  ] as const)('%s tells them apart', (name, yes, no) => {
    expect([errors[name](yes), errors[name](no), errors[name](new Error('x')), errors[name](undefined)]).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  it('know when to come back, from the header or from the body', () => {
    expect(errors.apiErrorFrom(429, undefined, '3').retryAfterMs).toBe(3_000);
    expect(errors.apiErrorFrom(504, { kind: 'Status', details: { retryAfterSeconds: 2 } }).retryAfterMs).toBe(2_000);
    expect(errors.apiErrorFrom(429, undefined, 'Wed, 21 Oct').retryAfterMs).toBeUndefined();
    expect(errors.apiErrorFrom(404, 'page not found').retryAfterMs).toBeUndefined();
  });
});

describe('repeating a request', () => {
  const closed = new errors.ConnectionError('closed', 'm');
  const apply = 'application/apply-patch+yaml';
  it.each([
    ['GET', undefined, closed, 100],
    ['PUT', undefined, closed, 100],
    ['DELETE', undefined, closed, 100],
    ['PATCH', apply, closed, 100],
    ['PATCH', 'application/json-patch+json', closed, undefined],
    ['POST', undefined, closed, undefined],
    ['POST', undefined, new errors.ConnectionError('unreachable', 'm'), 100],
    ['GET', undefined, new errors.ConnectionError('timeout', 'm'), undefined],
    ['POST', undefined, errors.apiErrorFrom(429, undefined, '1'), 1_000],
    ['GET', undefined, errors.apiErrorFrom(503, undefined, '3600'), 30_000],
    ['GET', undefined, errors.apiErrorFrom(503, undefined), undefined],
    ['GET', undefined, new Error('bug'), undefined],
  ] as const)('%s %s after %s: %s', (method, contentType, error, expected) => {
    expect(retryDelay({ method, contentType, number: 1, error, random: 0 })).toBe(expected);
  });

  it('ends', () => {
    expect(retryDelay({ method: 'GET', number: 3, error: closed, random: 0 })).toBeUndefined();
    expect(retryDelay({ method: 'GET', number: 5, error: errors.apiErrorFrom(429, undefined), random: 0 })).toBeUndefined();
  });
});

describe('backoff', () => {
  it('stays between its base and its maximum, whatever chance says', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 1, maxLength: 60 }),
        (numbers) => {
          let index = 0;
          const clock = createVirtualClock();
          const backoff = createBackoff({
            baseMs: 800,
            maxMs: 30_000,
            resetAfterMs: 120_000,
            clock,
            random: () => numbers[index++] ?? 0,
          });
          for (let failure = 0; failure < numbers.length; failure++) {
            const wait = backoff.next();
            expect(wait).toBeGreaterThanOrEqual(Math.min(800 * 2 ** failure, 30_000));
            expect(wait).toBeLessThanOrEqual(30_000);
          }
        },
      ),
    );
  });
});

describe('series of Events', () => {
  it('cost at most one write per half hour after the second occurrence', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 6 * 60_000 }), { maxLength: 300 }), (gaps) => {
        let series = { eventName: 'e', namespace: 'n', count: 1, lastSeen: 0, lastWritten: 0 };
        let now = 0;
        let writes = 0;
        for (const gap of gaps) {
          now += gap;
          const step = nextStep(series, now);
          if (step.kind === 'create') throw new Error('the series was broken');
          writes += step.kind === 'update' ? 1 : 0;
          series = { ...step.series };
        }
        expect(series.count).toBe(gaps.length + 1);
        expect(writes).toBeLessThanOrEqual(1 + now / 1_800_000);
      }),
    );
  });
});

it('micro times have six digits', () => {
  expect(microTime(0)).toBe('1970-01-01T00:00:00.000000Z');
});
