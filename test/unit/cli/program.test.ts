import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { exitCodes } from '../../../src/cli/exit.ts';
import { exitHelp } from '../../../src/cli/help.ts';
import { columns, paint, plain, styled } from '../../../src/cli/text.ts';
import { processTerminal, type Streams } from '../../../src/cli/terminal.ts';
import { age, end } from '../../../src/cli/words.ts';
import { bareProgram } from './bare-program.ts';
import { createWorld } from './harness.ts';
import { receivedShare, sharedItem, sharedRequest, start } from './objects.ts';

const namespace = 'team-analytics';
const root = join(import.meta.dirname, '../../..');

/** Names of all commands that people see. */
const commandNames = bareProgram().commands.map((each) => each.name());

describe('the command line', () => {
  test('help is help, and a wrong command line is exit code 2', async () => {
    const world = createWorld({ namespace, start });
    for (const line of ['--help', 'status --help', 'help why']) expect(await world.run(line)).toMatchObject({ code: 0, err: '' });
    for (const line of [
      'nonsense',
      'status --nonsense',
      'why',
      'status a b',
      'inbox -o xml',
      'verify x --timeout soon',
      'why pod/x',
      'plan',
      'completion fish',
    ])
      expect((await world.run(line)).code, line).toBe(2);
    expect(world.requests).toEqual([]);
  });

  test.each([
    ['list sharerequests', 'status', 'sluice-requester'],
    ['list receivedshares', 'inbox', 'sluice-approver'],
    ['list environments', 'orphans', 'sluice-platform'],
    ['get datasets', 'why dataset/orders', 'sluice-owner'],
    ['get receivedshares', 'approve some --yes', 'sluice-approver'],
  ])('without the right to %s, %s says what is missing and which role has it', async (forbidden, line, role) => {
    const { code, err } = await createWorld({ namespace, start, forbidden: [forbidden] }).run(line);
    expect(code).toBe(5);
    expect(err).toContain('User "bob" cannot');
    expect(err).toContain(role);
  });

  test('what does not exist is exit code 4', async () => {
    for (const line of ['status no', 'why no', 'logs no', 'approve no --yes', 'orphans no', 'verify no', 'plan no'])
      expect((await createWorld({ namespace, start }).run(line)).code, line).toBe(4);
  });

  test('every command and every exit code is in the guide', () => {
    const guide = readFileSync(join(root, 'docs/guide/kubectl-share.md'), 'utf8');
    for (const name of commandNames) expect(guide).toContain(`kubectl share ${name}`);
    for (const code of Object.values(exitCodes)) {
      expect(guide).toMatch(new RegExp(`^\\| ${String(code)} \\|`, 'm'));
      expect(exitHelp).toContain(`\n  ${String(code)}  `);
    }
  });

  test('package.json installs it under the name that kubectl looks for', () => {
    const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { bin: Record<string, string> };
    expect(bin).toEqual({ 'kubectl-share': 'dist/cli/main.js' });
    expect(readFileSync(join(root, 'src/cli/main.ts'), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });
});

describe('completion', () => {
  const world = createWorld({ namespace, start }, sharedRequest(), sharedItem(), receivedShare());

  async function offered(...words: readonly string[]): Promise<string[]> {
    return (await world.run(['__complete', ...words])).out.trimEnd().split('\n');
  }

  test('offers commands, flags, their values and names', async () => {
    expect(await offered('wa')).toEqual(['watch', ':4']);
    expect(await offered('')).toEqual([...commandNames, ':4']);
    expect(await offered('verify', '--')).toContain('--timeout');
    expect(await offered('approve', '--ex')).toEqual(['--expire', ':4']);
    expect(await offered('status', '-o', '')).toEqual(['wide', 'json', 'yaml', 'name', ':4']);
    expect(await offered('why', 'ord')).toEqual(['orders-for-analysts', ':4']);
    expect(await offered('approve', '-n', 'team-sales', '')).toEqual([receivedShare().metadata.name, ':4']);
    expect(await offered('completion', '')).toEqual(['bash', 'zsh', 'kubectl', ':4']);
  });

  test('leaves files to the shell where a file is meant, and says nothing where it may not ask', async () => {
    expect(await offered('plan', '-f', 'exa')).toEqual([':0']);
    const forbidden = createWorld({ namespace, start, forbidden: ['list'] }, sharedRequest());
    expect(await forbidden.run(['__complete', 'why', ''])).toMatchObject({ code: 0, err: '' });
  });

  test.each(['bash', 'zsh', 'kubectl'])('prints a script for %s', async (shell) => {
    const { code, out } = await world.run(`completion ${shell}`);
    expect(code).toBe(0);
    expect(out).toContain('kubectl-share __complete');
  });
});

describe('texts', () => {
  test('columns line up whatever their colours, and end without spaces', () => {
    const rows = [
      [styled('good', 'a'), 'longer'],
      ['ümläut', styled('bad', 'x')],
    ];
    const bare = columns(['ONE', 'TWO'], rows, false);
    expect(bare).toEqual(['ONE      TWO', 'a        longer', 'ümläut   x']);
    expect(columns(['ONE', 'TWO'], rows, true).map(plain)).toEqual(bare);
  });

  test('colours are for a terminal, without NO_COLOR', () => {
    const coloursOf = (isTTY: boolean, env: Record<string, string>): boolean => {
      const stream = { isTTY, write: () => true };
      return processTerminal({ stdin: stream, stdout: stream, stderr: stream, env } as unknown as Streams).colours;
    };
    expect(coloursOf(true, {})).toBe(true);
    expect(coloursOf(false, {})).toBe(false);
    expect(coloursOf(true, { NO_COLOR: '1' })).toBe(false);
    expect(coloursOf(true, { NO_COLOR: '' })).toBe(true);
    expect(coloursOf(true, { TERM: 'dumb' })).toBe(false);
    expect(paint(styled('bad', 'x'), true)).toBe('\u001b[31mx\u001b[39m');
  });

  test('ages and ends read as kubectl’s', () => {
    const now = Date.parse('2026-01-10T00:00:00Z');
    expect(
      [
        '2026-01-09T23:59:58Z',
        '2026-01-09T23:58:01Z',
        '2026-01-09T23:50:00Z',
        '2026-01-09T20:00:00Z',
        '2026-01-01T00:00:00Z',
        undefined,
      ].map((time) => age(time, now)),
    ).toEqual(['2s', '119s', '10m', '4h', '9d', '']);
    expect(end('2027-01-31T00:00:00Z')).toBe('2027-01-31 00:00Z');
    expect(end(undefined)).toBe('no end');
  });
});
