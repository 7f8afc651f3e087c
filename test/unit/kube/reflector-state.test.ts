import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromTheStart, transition } from '../../../src/kube/reflector-state.ts';
import type { Happening, ReflectorState } from '../../../src/kube/reflector-state.ts';

const listing: ReflectorState = fromTheStart;
const paging: ReflectorState = { kind: 'listing', paging: 'pages', continueToken: 't' };
const whole: ReflectorState = { kind: 'listing', paging: 'whole' };
const watching: ReflectorState = { kind: 'watching', resourceVersion: '7' };
const resting: ReflectorState = { kind: 'resting', next: watching };
const restThenList: ReflectorState = { kind: 'resting', next: fromTheStart };

describe('the state machine of the reflector', () => {
  const table: readonly (readonly [string, ReflectorState, Happening, ReflectorState])[] = [
    ['goes on with the next page', listing, { kind: 'page', resourceVersion: '5', continueToken: 't' }, paging],
    ['watches from where the last page ended', paging, { kind: 'page', resourceVersion: '7' }, watching],
    ['lists in one piece when a continue token expired', paging, { kind: 'expired' }, whole],
    ['rests when the first page expired', listing, { kind: 'expired' }, restThenList],
    ['rests when a whole list expired', whole, { kind: 'expired' }, restThenList],
    ['rests when a page failed, and lists from the start', paging, { kind: 'failed' }, restThenList],
    ['rests when a list is refused', listing, { kind: 'refused' }, restThenList],
    [
      'moves on with each event',
      watching,
      { kind: 'progress', resourceVersion: '8' },
      { kind: 'watching', resourceVersion: '8' },
    ],
    ['watches on when a watch ended in order', watching, { kind: 'ended' }, watching],
    ['rests when a watch failed, and goes on where it was', watching, { kind: 'failed' }, resting],
    ['rests when its place expired, and lists', watching, { kind: 'expired' }, restThenList],
    ['rests when a watch is refused, and lists', watching, { kind: 'refused' }, restThenList],
    ['does what it rested for', resting, { kind: 'rested' }, watching],
  ];
  it.each(table)('%s', (_, state, happening, expected) => {
    expect(transition(state, happening)).toEqual(expected);
  });

  it('gets back to watching from anywhere, in at most three good steps', () => {
    const happening: fc.Arbitrary<Happening> = fc.oneof(
      fc.constantFrom<Happening>(
        { kind: 'ended' },
        { kind: 'expired' },
        { kind: 'refused' },
        { kind: 'failed' },
        { kind: 'rested' },
      ),
      fc.record({ kind: fc.constant('page' as const), resourceVersion: fc.constantFrom('1', '2') }),
      fc.record({
        kind: fc.constant('page' as const),
        resourceVersion: fc.constantFrom('1', '2'),
        continueToken: fc.constant('t'),
      }),
      fc.record({ kind: fc.constant('progress' as const), resourceVersion: fc.constantFrom('3', '4') }),
    );
    fc.assert(
      fc.property(fc.array(happening), (happenings) => {
        let state = happenings.reduce<ReflectorState>(transition, fromTheStart);
        for (let steps = 0; steps < 3; steps++)
          state = transition(transition(state, { kind: 'rested' }), { kind: 'page', resourceVersion: '9' });
        expect(state.kind).toBe('watching');
      }),
    );
  });
});
