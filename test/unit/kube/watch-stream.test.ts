import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeWatch } from '../../../src/kube/watch-stream.ts';

async function* chunksOf(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const places = [0, ...[...cuts].map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  for (let index = 1; index < places.length; index++) yield bytes.subarray(places[index - 1], places[index]);
}

async function read(text: string, cuts: readonly number[] = []): Promise<unknown[]> {
  const events: unknown[] = [];
  for await (const event of decodeWatch(chunksOf(Buffer.from(text), cuts))) events.push(event);
  return events;
}

describe('the decoder of watches', () => {
  it('gives the same events wherever the stream is cut, within characters too', async () => {
    const names = fc.array(fc.string({ unit: fc.constantFrom('a', 'ü', '€', '😀', '\n', '"', '\\', '\u2028'), maxLength: 20 }), {
      maxLength: 10,
    });
    await fc.assert(
      fc.asyncProperty(names, fc.array(fc.nat()), async (texts, cuts) => {
        const events = texts.map((name) => ({ type: 'ADDED', object: { metadata: { name } } }));
        const text = events.map((event) => `${JSON.stringify(event)}\n`).join('');
        expect(await read(text, cuts)).toEqual(JSON.parse(JSON.stringify(events)));
      }),
    );
  });

  it('skips empty lines', async () => {
    expect(await read('\n\r\n{"type":"BOOKMARK","object":{}}\n')).toHaveLength(1);
  });

  it.each([
    ['{"type":"ADDED","object":{}}', { code: 'closed' }],
    ['garbage\n', { code: 'garbled' }],
    ['null\n', { code: 'garbled' }],
    ['{"type":"ADDED"}\n', { code: 'garbled' }],
    ['{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Gone"}}\n', { status: 410, reason: 'Gone' }],
    ['{"type":"ERROR","object":"?"}\n', { status: 500 }],
  ])('refuses %s', async (text, error) => {
    await expect(read(text)).rejects.toMatchObject(error);
  });
});
