/**
 * What the image says of itself: who runs what in it. The one truth for the archive that scripts/image.ts packs; the Dockerfile has to say the same, and a test
 * compares them.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Root of the checkout. */
export const checkout = join(import.meta.dirname, '../..');

/** Where the list of all parts lies in the image (CycloneDX 1.5, JSON). */
export const billOfMaterialsPath = '/usr/share/sbom/sluice.cdx.json';

/**
 * Options of Node's for a process that rests most of its life: small spaces for young objects (they are three times this many MiB, and stay), and a heap that is collected
 * when it has grown by this percentage instead of up to its limit. And what a crowd of shares needed for a while is given back seconds after it: without the saver's
 * mode V8 takes a process for busy until its next collection, which at rest is minutes away (`--trace-memory-reducer` tells). `make bench-rest` measures what they do.
 */
export const nodeOptions: readonly string[] = ['--max-semi-space-size=4', '--heap-growing-percent=30', '--memory-saver-mode'];

/** The part of an image's configuration that we set. Source: OCI image specification 1.1, "Image Configuration". */
export interface ImageConfig {
  readonly User: string;
  readonly WorkingDir: string;
  readonly Entrypoint: readonly string[];
  readonly Env: readonly string[];
  readonly ExposedPorts: Readonly<Record<string, object>>;
  readonly Labels: Readonly<Record<string, string>>;
}

/** The configuration of the image of this checkout. */
export function imageConfig(): ImageConfig {
  const { version, description, license } = packageJson();
  return {
    // Numeric, so that Kubernetes can see that it isn't root.
    User: '65532:65532',
    WorkingDir: '/app',
    Entrypoint: ['/usr/local/bin/node', ...nodeOptions, '/app/dist/main.js'],
    // Few arenas for C's memory: with one for each thread, what was used once stays taken many times over (glibc manual, "Malloc Tunable Parameters").
    Env: ['PATH=/usr/local/bin', 'NODE_ENV=production', 'MALLOC_ARENA_MAX=2'],
    ExposedPorts: { '8080/tcp': {} },
    Labels: {
      'org.opencontainers.image.title': 'sluice',
      'org.opencontainers.image.description': description,
      'org.opencontainers.image.version': version,
      'org.opencontainers.image.licenses': license,
    },
  };
}

/** What package.json says. */
export function packageJson(): { readonly version: string; readonly description: string; readonly license: string } {
  return JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as {
    version: string;
    description: string;
    license: string;
  };
}
