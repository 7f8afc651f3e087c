/** Messages are tried again and not for ever, none holds up another lane, and there are never too many: on a virtual clock. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createOutbox, gatheringMs, retry, type Attempt, type Ending, type Outbox } from '../../../src/notify/outbox.ts';
import { createVirtualClock, type VirtualClock } from '../../support/virtual-clock.ts';

interface Bench {
  readonly clock: VirtualClock;
  readonly outbox: Outbox<string>;
  /** Attempts, as `id message`, with their times in seconds since the start. */
  readonly attempts: { readonly what: string; readonly at: number }[];
  readonly ended: (Ending & { readonly id: string })[];
  readonly counted: string[];
  stop(): Promise<void>;
}

function bench(
  answer: (id: string, signal: AbortSignal) => Promise<Attempt>,
  { limit = 1000, random = zero }: { readonly limit?: number; readonly random?: () => number } = {},
): Bench {
  const clock = createVirtualClock();
  const begin = clock.now();
  const [attempts, ended, counted]: [Bench['attempts'], Bench['ended'], string[]] = [[], [], []];
  const outbox = createOutbox<string>({
    clock,
    random,
    limit,
    attempt: ({ id, message }, signal) => {
      attempts.push({ what: `${id} ${message}`, at: (clock.now() - begin) / 1000 });
      return answer(id, signal);
    },
    ended: ({ id }, ending) => void ended.push({ id, ...ending }),
    metrics: { counted: (lane, result) => void counted.push(`${lane} ${result}`) },
  });
  const end = new AbortController();
  const running = outbox.run(end.signal);
  return {
    clock,
    outbox,
    attempts,
    ended,
    counted,
    stop: async () => {
      end.abort();
      await running;
    },
  };
}

const zero = (): number => 0;
const delivered: Attempt = { kind: 'delivered' };
const later: Attempt = { kind: 'retry', reason: 'HTTP 503' };
const put = ({ outbox }: Bench, id: string, message = 'text', lane = 'mail'): void => outbox.put({ id, lane, message });

describe('a message', () => {
  it('goes out after the gathering time, once', async () => {
    const made = bench(async () => delivered);
    put(made, 'a');
    await made.clock.advance(gatheringMs - 1);
    expect(made.attempts).toEqual([]);
    await made.clock.advance(1);
    await made.clock.advance(retry.giveUpAfterMs);
    expect(made.attempts).toEqual([{ what: 'a text', at: 2 }]);
    expect(made.ended).toEqual([{ id: 'a', kind: 'delivered' }]);
    expect(made.outbox.length).toBe(0);
    await made.stop();
  });

  it('that is put in again before its first attempt is one message, with the later text', async () => {
    const made = bench(async () => delivered);
    put(made, 'a', 'one item');
    await made.clock.advance(500);
    put(made, 'a', 'two items');
    await made.clock.advance(10_000);
    expect(made.attempts).toEqual([{ what: 'a two items', at: 2 }]);
    await made.stop();
  });

  it('that fails is tried again after 5, 10, 20 … seconds and at most 10 minutes, and given up after a day', async () => {
    const made = bench(async () => later);
    put(made, 'a');
    await made.clock.advance(2 * retry.giveUpAfterMs);
    const waits = made.attempts.slice(1).map(({ at }, index) => at - (made.attempts[index]?.at ?? 0));
    expect(waits.slice(0, 9)).toEqual([5, 10, 20, 40, 80, 160, 320, 600, 600]);
    expect(made.attempts.at(-1)?.at).toBeLessThanOrEqual(retry.giveUpAfterMs / 1000);
    expect(made.ended).toEqual([{ id: 'a', kind: 'gave-up', reason: 'HTTP 503' }]);
    expect(made.outbox.has('a')).toBe(false);
    expect(new Set(made.counted)).toEqual(new Set(['mail retried', 'mail gave-up']));
    await made.stop();
  });

  it('waits up to a fifth longer at random, so that many do not come back in step', async () => {
    const made = bench(async () => later, { random: () => 0.999 });
    put(made, 'a');
    await made.clock.advance(20_000);
    const [first, second] = made.attempts;
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeCloseTo(6, 1);
    await made.stop();
  });

  it('that the receiver refuses for good is not tried again', async () => {
    const made = bench(async () => ({ kind: 'refused', reason: 'SMTP 550' }));
    put(made, 'a');
    await made.clock.advance(retry.giveUpAfterMs);
    expect(made.attempts).toHaveLength(1);
    expect(made.ended).toEqual([{ id: 'a', kind: 'refused', reason: 'SMTP 550' }]);
    await made.stop();
  });

  it('whose attempt throws is tried again, and the error says only its name', async () => {
    let calls = 0;
    const made = bench(async () => {
      calls++;
      if (calls === 1) throw new TypeError('https://user:secret@example.com');
      return delivered;
    });
    put(made, 'a');
    await made.clock.advance(60_000);
    expect(made.ended).toEqual([{ id: 'a', kind: 'delivered' }]);
    await made.stop();
  });
});

describe('many messages', () => {
  it('of a lane that hangs do not hold up those of another', async () => {
    const hang = new Promise<Attempt>(() => undefined);
    const made = bench((id, signal) =>
      id.startsWith('hook') ? Promise.race([hang, aborted(signal)]) : Promise.resolve(delivered),
    );
    for (let number = 0; number < 20; number++) put(made, `hook${String(number)}`, 'text', 'webhook:audit');
    put(made, 'mail');
    await made.clock.advance(10_000);
    expect(made.attempts.filter(({ what }) => what.startsWith('hook'))).toHaveLength(4);
    expect(made.ended).toEqual([{ id: 'mail', kind: 'delivered' }]);
    await made.stop();
  });

  it('more than the limit: the oldest is given up, and said so', async () => {
    const made = bench(async () => delivered, { limit: 2 });
    for (const id of ['a', 'b', 'c']) put(made, id);
    expect(made.ended).toEqual([{ id: 'a', kind: 'dropped', reason: 'too many messages were waiting' }]);
    await made.clock.advance(10_000);
    expect(made.ended.map(({ id, kind }) => `${id} ${kind}`)).toEqual(['a dropped', 'b delivered', 'c delivered']);
    await made.stop();
  });

  it('end exactly once each, or still wait, whatever the receivers answer', async () => {
    const answers = fc.array(fc.constantFrom<Attempt['kind']>('delivered', 'retry', 'refused'), { minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(answers, fc.integer({ min: 1, max: 12 }), fc.nat(100_000_000), async (kinds, count, ms) => {
        let turn = 0;
        const made = bench(
          async () => {
            const kind = kinds[turn++ % kinds.length] ?? 'retry';
            return kind === 'delivered' ? { kind } : { kind, reason: 'no' };
          },
          { limit: 8, random: () => 0.5 },
        );
        for (let number = 0; number < count; number++) put(made, String(number), 'text', number % 2 === 0 ? 'mail' : 'hook');
        await made.clock.advance(ms);
        const over = made.ended.map(({ id }) => id);
        expect(new Set(over).size).toBe(over.length);
        expect(over.length + made.outbox.length).toBe(count);
        await made.stop();
      }),
      { numRuns: 40 },
    );
  });
});

describe('the end of the process', () => {
  it('cuts attempts off, and says nothing of what it cut off: nobody knows whether it arrived', async () => {
    const made = bench((id, signal) => (id === 'c' ? new Promise<Attempt>(() => undefined) : aborted(signal)));
    put(made, 'a');
    put(made, 'b', 'text', 'hook');
    put(made, 'c', 'hangs', 'hook');
    await made.clock.advance(5000);
    await made.stop();
    expect(made.ended).toEqual([]);
    expect(made.outbox.length).toBe(3);
  });
});

function aborted(signal: AbortSignal): Promise<Attempt> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
  });
}
