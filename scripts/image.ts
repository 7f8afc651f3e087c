/**
 * The operator's container image. `root <folder>` fills a folder with its file system (the Dockerfile does that), `archive <file> [name]` packs it as an OCI archive
 * without Docker. Both need a Debian (apt-get, dpkg-deb), tar, npm, and what `npm run build` made.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { imageConfig, packageJson } from './image/config.ts';
import { fillApplication, fillSystem } from './image/contents.ts';
import { packImage } from './image/oci.ts';

/** Fills a folder with the whole file system of the image. */
export async function fillRoot(folder: string): Promise<void> {
  fillApplication(folder, await fillSystem(folder));
}

/** Packs the image into `file`. Returns the digest of its manifest. */
export async function packArchive(file: string, name: string): Promise<string> {
  const work = mkdtempSync(join(tmpdir(), 'sluice-layers-'));
  const [system, application] = [join(work, 'system'), join(work, 'application')];
  try {
    fillApplication(application, await fillSystem(system));
    mkdirSync(dirname(resolve(file)), { recursive: true });
    return await packImage({ name, config: imageConfig(), layers: [system, application] }, file);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function main([command, target, name = `localhost/sluice:${packageJson().version}`]: readonly string[]): Promise<void> {
  if (target !== undefined && command === 'root') await fillRoot(resolve(target));
  else if (target !== undefined && command === 'archive') console.log(`${name} ${await packArchive(target, name)}`);
  else throw new Error('Say what to make: node scripts/image.ts root <folder> | archive <file> [name]');
}

if (import.meta.main) await main(process.argv.slice(2));
