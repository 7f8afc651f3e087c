/** What a Dataset asks of requests: how many from one namespace, and for how long. */
import { describe, expect, it } from 'vitest';
import type { ShareRequest } from '../../../src/api/index.ts';
import { expirationProblem, limitProblem } from '../../../src/shares/limits.ts';
import { aDataset, aRequest, deleting, meta, sharing, spec, time, type Modifier } from '../../support/builders.ts';

const request = (name: string, second: number, ...more: Modifier<ShareRequest>[]): ShareRequest =>
  aRequest(meta({ name, uid: name, creationTimestamp: time(second) }), ...more);
const principal = (name: string): Modifier<ShareRequest> => spec({ principal: { kind: 'ConsumptionRole', name } });

describe('limits of a namespace', () => {
  const [first, second, third] = [request('first', 1), request('second', 2), request('third', 3)];

  it('given no limits, then nothing is refused', () => {
    expect(limitProblem(aDataset(), third, [first, second, third])).toBeUndefined();
  });

  it('given two requests allowed, then the oldest two have the places, whatever the order of the list', () => {
    const dataset = aDataset(sharing({ limits: { requestsPerNamespace: 2 } }));
    const siblings = [third, first, second];
    expect(siblings.map((each) => limitProblem(dataset, each, siblings)?.reason)).toEqual(['LimitReached', undefined, undefined]);
    expect(limitProblem(dataset, third, siblings)?.message).toContain('2 requests');
  });

  it('given an old request is being deleted, then its place is free', () => {
    const dataset = aDataset(sharing({ limits: { requestsPerNamespace: 1 } }));
    expect(limitProblem(dataset, second, [request('first', 1, deleting()), second])).toBeUndefined();
  });

  it('given one principal allowed, then another one is refused, and more requests for the same one are not', () => {
    const dataset = aDataset(sharing({ limits: { principalsPerNamespace: 1 } }));
    const [own, same, other] = [
      request('a', 1, principal('p')),
      request('b', 2, principal('p')),
      request('c', 3, principal('q')),
    ];
    const siblings = [own, same, other];
    expect(siblings.map((each) => limitProblem(dataset, each, siblings)?.reason)).toEqual([undefined, undefined, 'LimitReached']);
  });

  it('given a limit of zero, then nobody may ask', () => {
    expect(limitProblem(aDataset(sharing({ limits: { requestsPerNamespace: 0 } })), first, [first])?.reason).toBe('LimitReached');
  });
});

describe('the end that a Dataset asks for', () => {
  const required = aDataset(sharing({ expiration: { required: true } }));
  const atLeastADay = aDataset(sharing({ expiration: { required: false, min: '24h' } }));

  it.each([
    ['no end, where one is required', required, [], 'ExpirationRequired'],
    ['an end, where one is required', required, [spec<ShareRequest>({ expiresAfter: '1h' })], undefined],
    ['no end, where none is required', atLeastADay, [], undefined],
    ['a duration below the minimum', atLeastADay, [spec<ShareRequest>({ expiresAfter: '23h' })], 'ExpirationOutOfRange'],
    ['exactly the minimum', atLeastADay, [spec<ShareRequest>({ expiresAfter: '24h' })], undefined],
    ['a time below the minimum', atLeastADay, [spec<ShareRequest>({ expireTime: time(86_399) })], 'ExpirationOutOfRange'],
    ['a time a day after the request was made', atLeastADay, [spec<ShareRequest>({ expireTime: time(86_400) })], undefined],
  ])('given %s', (_, dataset, modifiers, reason) => {
    expect(expirationProblem(dataset, request('r', 0, ...modifiers))?.reason).toBe(reason);
  });
});
