// How moto gets onto a machine, with packages made here: nothing is downloaded. Without Python there is nothing to install and nothing to test.
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { run } from '../../sandbox/cluster/run.ts';
import { installMoto, type InstallOptions } from './places/moto-install.ts';

const hasPython = await run('python3', ['-c', 'import venv, ensurepip, sys; assert sys.version_info >= (3, 11)']).then(
  () => true,
  () => false,
);

let dir: string;
let lines: string[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-install-test-'));
  lines = [];
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const installs = (): string => join(dir, 'installs');
const install = (options: Partial<InstallOptions>) =>
  installMoto({ log: (line) => lines.push(line), folder: installs(), ...options });

/** A python3 that says what it is told to. */
function pythonSaying(words: string): string {
  const file = join(dir, 'python3');
  writeFileSync(file, `#!/bin/sh\n${words}\n`);
  chmodSync(file, 0o755);
  return file;
}

describe('a machine without what is needed', () => {
  test('given no Python, then it says so and makes nothing', async () => {
    const answer = await install({ python: join(dir, 'no-such-python') });
    expect(answer).toEqual({
      missing: expect.stringMatching(/no-such-python with venv and pip can't be run here \(.*ENOENT.*\)/) as string,
    });
    expect(existsSync(installs())).toBe(false);
  });

  test('given a Python without venv, then it tells what that one said', async () => {
    const python = pythonSaying('echo "ModuleNotFoundError: No module named \'ensurepip\'" >&2; exit 1');
    expect(await install({ python })).toEqual({ missing: expect.stringContaining("No module named 'ensurepip'") as string });
  });

  test('given an old Python, then it tells which one is needed', async () => {
    const python = pythonSaying('echo 3 9');
    expect(await install({ python })).toEqual({ missing: `${python} is Python 3.9, and moto needs 3.11 or later` });
  });
});

describe.skipIf(!hasPython)('a machine with Python', () => {
  const env = { ...process.env, PIP_CONFIG_FILE: '/dev/null', PIP_NO_CACHE_DIR: '1', PIP_RETRIES: '0' };
  const offline = { ...env, PIP_NO_INDEX: '1', PIP_FIND_LINKS: '' };

  /** A package of one module, as a wheel in `dir`/wheels; returns its file's hash. */
  async function makeWheel(): Promise<string> {
    const wheels = join(dir, 'wheels');
    mkdirSync(wheels);
    const file = join(wheels, 'tiny-1.0-py3-none-any.whl');
    const info = 'tiny-1.0.dist-info';
    const content = {
      'tiny.py': 'answer = 42\n',
      [`${info}/METADATA`]: 'Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n',
      [`${info}/WHEEL`]: 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
      [`${info}/RECORD`]: '',
    };
    const zip =
      'import json, sys, zipfile\nwith zipfile.ZipFile(sys.argv[1], "w") as z:\n  for n, t in json.load(sys.stdin).items(): z.writestr(n, t)';
    await run('python3', ['-c', zip, file], { input: JSON.stringify(content) });
    return createHash('sha256').update(readFileSync(file)).digest('hex');
  }

  function pin(hash: string): string {
    const file = join(dir, 'requirements.txt');
    writeFileSync(file, `tiny==1.0 --hash=sha256:${hash}\n`);
    return file;
  }

  test('given good pins, when it installs, then the program runs, and the next time nothing is installed', async () => {
    const requirements = pin(await makeWheel());
    const withWheels = { ...offline, PIP_FIND_LINKS: join(dir, 'wheels') };
    const first = await install({ requirements, env: withWheels });
    if ('missing' in first) throw new Error(first.missing);
    expect(await run(first.python, ['-c', 'import tiny; print(tiny.answer)'])).toBe('42\n');
    expect(lines).toHaveLength(1);
    expect(await install({ requirements, env: { PATH: '' } })).toEqual(first);
    expect(lines).toHaveLength(1);
  });

  test('given a package with another hash, when it installs, then it fails and leaves nothing', async () => {
    await makeWheel();
    const requirements = pin('0'.repeat(64));
    await expect(install({ requirements, env: { ...offline, PIP_FIND_LINKS: join(dir, 'wheels') } })).rejects.toThrow(/HASH/i);
    expect(readdirSync(installs())).toEqual([]);
  });

  test('given no network, when it installs, then it says so and leaves nothing', async () => {
    const requirements = pin('0'.repeat(64));
    // Nobody listens on the discard port of this machine.
    const answer = await install({
      requirements,
      env: { ...env, PIP_FIND_LINKS: '', PIP_INDEX_URL: 'http://127.0.0.1:9/simple' },
    });
    expect(answer).toEqual({ missing: 'pip reaches no place with packages (no network?)' });
    expect(readdirSync(installs())).toEqual([]);
  });
});
