/**
 * Packs folders as the layers of one image, in an archive that `docker load`, `podman load`, `skopeo copy oci-archive:` and `ctr images import` read. Needs tar and
 * nothing else; the same files give the same bytes. Source: OCI image specification 1.1, "Image Layout", "Image Manifest", "Image Configuration".
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** An image to pack. */
export interface Image {
  /** Full name with tag: "registry.example.com/sluice:1.2.3". */
  readonly name: string;
  readonly config: object;
  /** Folders, lowest layer first. */
  readonly layers: readonly string[];
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** Writes the archive to `file`. Returns the digest of the image's manifest, which names its content for ever. */
export async function packImage({ name, config, layers }: Image, file: string): Promise<string> {
  const work = mkdtempSync(join(tmpdir(), 'sluice-image-'));
  try {
    const blobs = join(work, 'blobs/sha256');
    mkdirSync(blobs, { recursive: true });
    const packed: Descriptor[] = [];
    for (const folder of layers) packed.push(await packLayer(folder, blobs));
    const described = putJson(blobs, 'application/vnd.oci.image.config.v1+json', imageConfiguration(config, packed));
    const manifest = putJson(blobs, manifestType, {
      schemaVersion: 2,
      mediaType: manifestType,
      config: described,
      layers: packed,
    });
    const annotations = { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': name };
    const entry = { ...manifest, platform: platform(), annotations };
    const index = { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [entry] };
    writeFileSync(join(work, 'index.json'), JSON.stringify(index));
    writeFileSync(join(work, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
    tar(work, file, ['oci-layout', 'index.json', 'blobs']);
    return manifest.digest;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const manifestType = 'application/vnd.oci.image.manifest.v1+json';

function platform(): { readonly architecture: string; readonly os: string } {
  // Go's names, which the specification prescribes.
  return { architecture: process.arch === 'x64' ? 'amd64' : process.arch, os: 'linux' };
}

function imageConfiguration(config: object, layers: readonly Descriptor[]): object {
  return {
    ...platform(),
    config,
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
    history: layers.map(() => ({ created_by: 'scripts/image.ts' })),
  };
}

async function packLayer(folder: string, blobs: string): Promise<Descriptor> {
  const file = join(blobs, 'layer');
  tar(folder, file, ['.']);
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  const digest = hash.digest('hex');
  renameSync(file, join(blobs, digest));
  const { size } = statSync(join(blobs, digest));
  return { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: `sha256:${digest}`, size };
}

function putJson(blobs: string, mediaType: string, content: object): Descriptor {
  const bytes = Buffer.from(JSON.stringify(content));
  const digest = createHash('sha256').update(bytes).digest('hex');
  writeFileSync(join(blobs, digest), bytes);
  return { mediaType, digest: `sha256:${digest}`, size: bytes.length };
}

// Order, times, owners and modes that depend on nothing but the files; their paths may be longer than old formats allow.
const reproducible = [
  '--sort=name',
  '--mtime=@0',
  '--owner=0',
  '--group=0',
  '--numeric-owner',
  '--mode=u+rw,go+r,a+X',
  '--format=posix',
  '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime',
];

function tar(folder: string, file: string, paths: readonly string[]): void {
  execFileSync('tar', [...reproducible, '--directory', folder, '--create', '--file', file, ...paths], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}
