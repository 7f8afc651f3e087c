/**
 * Installs moto, an independent implementation of AWS's APIs in Python, once per machine: a virtual environment in
 * ${XDG_CACHE_HOME:-~/.cache}/sluice/moto, with the packages of tools/moto/requirements.txt, whose files' hashes pip checks.
 * Where Python, pip or the network is missing it says so, and the suite goes on without moto.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../../../sandbox/cluster/binaries.ts';
import { withLock } from '../../../sandbox/cluster/lock.ts';
import { run } from '../../../sandbox/cluster/run.ts';

/** The moto server's program, or why there is none. */
export type MotoProgram = { readonly python: string } | { readonly missing: string };

/** Options of {@link installMoto}; the defaults are what the suite uses. */
export interface InstallOptions {
  readonly log: (line: string) => void;
  /** @default 'python3' */
  readonly python?: string;
  /** Where installations are kept. */
  readonly folder?: string;
  /** File with the pinned packages. */
  readonly requirements?: string;
  /** Environment of pip. */
  readonly env?: NodeJS.ProcessEnv;
}

/** Oldest Python that the pinned packages run on. */
const oldestPython = [3, 11] as const;

const pins = join(import.meta.dirname, '../../../tools/moto/requirements.txt');

// What pip says when it can't reach the place where it gets packages; anything else it says is a fault of the pins.
const unreachable =
  /\(from versions: none\)|NewConnectionError|NameResolutionError|Max retries exceeded|Read timed out|Temporary failure in name/;

/**
 * Finds the installation of these pins or makes it.
 * @throws CommandError when pip refuses the packages, for example because of a wrong hash.
 */
export async function installMoto(options: InstallOptions): Promise<MotoProgram> {
  const { python = 'python3', requirements = pins, folder = join(cacheFolder(), 'moto') } = options;
  const found = await versionOf(python);
  if ('missing' in found) return found;
  // An environment belongs to the version of Python that made it.
  const pinned = createHash('sha256').update(found.version).update(readFileSync(requirements));
  const name = pinned.digest('hex').slice(0, 16);
  const target = join(folder, name);
  const program = { python: join(target, 'bin/python') };
  if (existsSync(target)) return program;
  mkdirSync(folder, { recursive: true });
  const onWait = (pid: number): void => options.log(`Another process (pid ${pid}) is installing moto: waiting for it.`);
  return withLock(join(folder, '.lock'), onWait, async () => {
    if (existsSync(target)) return program;
    options.log('Installing moto (tools/moto/requirements.txt), once per machine: about half a minute');
    const problem = await install(target, { ...options, python, requirements });
    return problem === undefined ? program : { missing: problem };
  });
}

async function versionOf(python: string): Promise<{ readonly version: string } | { readonly missing: string }> {
  const ask = 'import sys, venv, ensurepip; print(sys.version_info[0], sys.version_info[1])';
  try {
    const [major = 0, minor = 0] = (await run(python, ['-c', ask])).trim().split(' ').map(Number);
    const version = `${major}.${minor}`;
    const [oldMajor, oldMinor] = oldestPython;
    if (major > oldMajor || (major === oldMajor && minor >= oldMinor)) return { version };
    return { missing: `${python} is Python ${version}, and moto needs ${oldestPython.join('.')} or later` };
  } catch (error) {
    const lines = error instanceof Error ? error.message.split('\n') : [String(error)];
    return { missing: `${python} with venv and pip can't be run here (${lines.at(-1) ?? ''})` };
  }
}

type Install = Required<Pick<InstallOptions, 'python' | 'requirements'>> & Pick<InstallOptions, 'env'>;

/** Installs beside the target and moves the result there, so that there never is half an installation. Returns what is missing. */
async function install(target: string, { python, requirements, env = process.env }: Install): Promise<string | undefined> {
  const unfinished = `${target}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  try {
    await run(python, ['-m', 'venv', unfinished]);
    const pip = [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      '--no-deps',
      '--require-hashes',
      '--only-binary=:all:',
    ];
    await run(join(unfinished, 'bin/python'), [...pip, '--requirement', requirements], { env });
    renameSync(unfinished, target);
    return undefined;
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (error instanceof Error && unreachable.test(error.message)) return 'pip reaches no place with packages (no network?)';
    throw error;
  }
}
