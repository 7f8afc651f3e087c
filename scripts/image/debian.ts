/**
 * Debian packages as files: downloaded by apt, unpacked into a folder, nothing installed and nothing run. The release is that of the machine (or of the stage of the
 * Dockerfile), so security updates come with it; which versions they were is written down with them.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A package that was unpacked. `control` is what Debian says of it, as in /var/lib/dpkg/status. */
export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly control: string;
}

/**
 * Unpacks the newest version of each package into `folder`.
 * @throws when this is no Debian, or when apt can't download: with apt's own words.
 */
export async function unpackDebian(names: readonly string[], folder: string): Promise<readonly DebianPackage[]> {
  mkdirSync(folder, { recursive: true });
  const downloads = mkdtempSync(join(tmpdir(), 'sluice-debian-'));
  try {
    await download(names, downloads);
    const packages: DebianPackage[] = [];
    for (const file of readdirSync(downloads).sort()) {
      if (!file.endsWith('.deb')) continue;
      await run('dpkg-deb', ['--extract', join(downloads, file), folder]);
      packages.push(await describe(join(downloads, file)));
    }
    return packages;
  } finally {
    rmSync(downloads, { recursive: true, force: true });
  }
}

// With the machine's lists first; where they are missing or older than the archive, with fresh ones, which stay ours.
async function download(names: readonly string[], folder: string): Promise<void> {
  const apt = (...args: readonly string[]): Promise<unknown> =>
    // apt wants to become another user, who may not write into our folder.
    run('apt-get', ['--quiet=2', '--option=APT::Sandbox::User=root', ...args], { cwd: folder });
  try {
    await apt('download', ...names);
  } catch {
    const lists = join(folder, 'lists');
    mkdirSync(join(lists, 'partial'), { recursive: true });
    const own = [`--option=Dir::State::lists=${lists}`, `--option=Dir::Cache=${folder}`];
    await apt(...own, 'update');
    await apt(...own, 'download', ...names);
  }
}

async function describe(file: string): Promise<DebianPackage> {
  const { stdout: control } = await run('dpkg-deb', ['--field', file]);
  const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(control)?.[1] ?? '';
  return { name: field('Package'), version: field('Version'), architecture: field('Architecture'), control };
}
