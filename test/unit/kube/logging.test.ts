import { describe, expect, it } from 'vitest';
import { createLogger } from '../../../src/kube/logging.ts';
import type { LogLevel, Logger } from '../../../src/kube/logging.ts';

function setUp(level: LogLevel = 'debug'): { logger: Logger; text: () => string; lines: () => Record<string, unknown>[] } {
  const written: string[] = [];
  const logger = createLogger({ level, fields: { version: '1.2.3' }, destination: { write: (line) => void written.push(line) } });
  return {
    logger,
    text: () => written.join(''),
    lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

describe('the logger', () => {
  it('writes one JSON object per line, with the fields of its parents', () => {
    const { logger, lines } = setUp();
    logger.child({ controller: 'widget' }).child({ name: 'a', reconcileId: 'id' }).info({ count: 3 }, 'three were changed');
    expect(lines()).toEqual([
      {
        level: 'info',
        time: expect.any(String) as string,
        version: '1.2.3',
        controller: 'widget',
        name: 'a',
        reconcileId: 'id',
        count: 3,
        msg: 'three were changed',
      },
    ]);
  });

  it('leaves out what is below its level', () => {
    const { logger, text } = setUp('warn');
    logger.info({}, 'quiet');
    expect(text()).toBe('');
  });

  it('says of an error what it is, with its causes and without its other baggage', () => {
    const { logger, lines } = setUp();
    const error = Object.assign(new Error('outer', { cause: new Error('inner') }), { code: 'E1', request: { headers: 'h' } });
    logger.error({ error }, 'failed');
    expect(lines()[0]?.['error']).toMatchObject({ type: 'Error', message: 'outer', code: 'E1', cause: { message: 'inner' } });
    expect(lines()[0]?.['error']).not.toHaveProperty('request');
  });

  it.each([
    { secretAccessKey: 's3cr3t' },
    { nested: { deep: [{ sessionToken: 's3cr3t' }] } },
    { Authorization: 's3cr3t' },
    { externalId: 's3cr3t' },
    { password: 's3cr3t' },
    { note: 'Authorization: Bearer s3cr3tabcdef' },
    { error: new Error('signed https://x/?X-Amz-Signature=s3cr3t&y=1') },
    { key: '-----BEGIN RSA PRIVATE KEY-----\ns3cr3t\n-----END RSA PRIVATE KEY-----' },
    { jwt: 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJz.s3cr3t' },
    { error: new Error('outer', { cause: new Error('Bearer s3cr3t-s3cr3t') }) },
    { id: 'ASIAS3CR3TS3CR3TS3CR' },
  ])('never writes a secret: %j', (fields) => {
    const { logger, text } = setUp();
    logger.child(fields).info(fields, 'Bearer s3cr3tabcdef');
    expect(text().toLowerCase()).not.toContain('s3cr3t');
    expect(text()).toContain('[redacted]');
  });

  it('keeps what only points at a secret, and tells what went wrong with numbers and lists', () => {
    const { logger, lines } = setUp();
    const fields = {
      externalIdSecretRef: { name: 'aws', key: 'id' },
      secretName: 's',
      big: 10n,
      keys: new Set(['a']),
      nothing: null,
    };
    logger.info(fields, 'x');
    expect(lines()[0]).toMatchObject({
      externalIdSecretRef: { name: 'aws', key: 'id' },
      secretName: 's',
      big: '10',
      keys: ['a'],
      nothing: null,
    });
  });

  it('survives a field that contains itself', () => {
    const { logger, lines } = setUp();
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;
    logger.info({ loop }, 'x');
    expect(lines()).toHaveLength(1);
  });
});
