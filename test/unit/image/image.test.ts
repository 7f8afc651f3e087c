/**
 * The image, as far as it can be looked at without running it: the archive that is packed here, and whether the Dockerfile says the same. That it runs is shown on a
 * real node (test/e2e/node.test.ts).
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { billOfMaterials } from '../../../scripts/image/bill-of-materials.ts';
import { checkout, imageConfig } from '../../../scripts/image/config.ts';
import { runtimePackages } from '../../../scripts/image/contents.ts';
import { packImage } from '../../../scripts/image/oci.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-image-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (path: string): string => readFileSync(join(checkout, path), 'utf8');

describe('the Dockerfile', () => {
  const lines = read('Dockerfile').split('\n');
  const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));
  const all = (instruction: string): readonly string[] =>
    last.filter((line) => line.startsWith(`${instruction} `)).map((line) => line.slice(instruction.length + 1));

  it('says the same of the image as the archive', () => {
    const config = imageConfig();
    expect(all('USER')).toEqual([config.User]);
    expect(all('WORKDIR')).toEqual([config.WorkingDir]);
    expect(all('ENV')).toEqual(config.Env);
    expect(all('EXPOSE')).toEqual(Object.keys(config.ExposedPorts));
    expect(JSON.parse(all('ENTRYPOINT')[0] ?? '')).toEqual(config.Entrypoint);
    expect(all('LABEL')).toEqual(Object.entries(config.Labels).map(([key, value]) => `${key}=${JSON.stringify(value)}`));
  });

  it('takes nothing into the image but the file system that the archive has, too', () => {
    expect(all('COPY')).toEqual(['--from=build /image /']);
    expect(all('RUN')).toEqual([]);
    expect(lines.filter((line) => line.startsWith('FROM ')).at(-1)).toBe('FROM scratch');
  });

  it('copies only what is there and what .dockerignore lets through', () => {
    const copied = lines.filter((line) => line.startsWith('COPY ') && !line.includes('--from'));
    const sources = copied.flatMap((line) => line.split(' ').slice(1, -1));
    for (const source of sources) expect(existsSync(join(checkout, source)), source).toBe(true);
    const letThrough = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'));
    expect(letThrough.map((line) => line.slice(1)).sort()).toEqual(sources.sort());
  });

  it('builds with the version of Node that everything is tested with', () => {
    expect(lines).toContain(`ARG BUILDER=node:${process.versions.node}-bookworm`);
  });
});

describe('the user of the image', () => {
  it('is the one that the chart runs it as', () => {
    const [user, group] = imageConfig().User.split(':');
    const chart = read('charts/sluice/templates/deployment.yaml');
    expect(chart).toMatch(new RegExp(`runAsUser: ${String(user)}\\s+runAsGroup: ${String(group)}\\s`));
  });
});

describe('the packages in the image', () => {
  const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Record<string, Record<string, string>>;
  it('are those that the operator needs, and none that is for development only', () => {
    const paths = runtimePackages();
    expect(paths).toEqual(expect.arrayContaining(Object.keys(dependencies ?? {}).map((name) => join('node_modules', name))));
    for (const name of ['node', 'typescript', 'vitest']) {
      expect(devDependencies).toHaveProperty([name]);
      expect(paths).not.toContain(join('node_modules', name));
    }
  });

  it('are all in the list of parts, with Node and what the system consists of, and the list is the same each time', () => {
    const system = [{ name: 'libstdc++6', version: '12.2.0-14', architecture: 'amd64', control: '' }];
    const text = billOfMaterials(runtimePackages(), system);
    const { bomFormat, metadata, components } = JSON.parse(text) as {
      bomFormat: string;
      metadata: object;
      components: { name: string; purl: string }[];
    };
    expect(bomFormat).toBe('CycloneDX');
    // Neither the time nor the version of npm, which differ where the same parts are packed elsewhere.
    expect(Object.keys(metadata).sort()).toEqual(['component', 'lifecycles']);
    const names = runtimePackages().map((path) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length));
    expect(new Set(components.map(({ name }) => name))).toEqual(new Set([...names, 'node', 'libstdc++6']));
    expect(components.map(({ purl }) => purl)).toEqual(
      expect.arrayContaining([`pkg:generic/node@${process.versions.node}`, 'pkg:deb/debian/libstdc%2B%2B6@12.2.0-14?arch=amd64']),
    );
    expect(billOfMaterials(runtimePackages(), system)).toBe(text);
  });
});

describe('an archive', () => {
  /** A folder with the given file, made at another time. */
  function layer(name: string, seconds: number): string {
    const path = join(folder, name, 'tmp');
    mkdirSync(path, { recursive: true });
    chmodSync(path, 0o1777);
    writeFileSync(join(folder, name, 'file'), 'content');
    utimesSync(join(folder, name, 'file'), seconds, seconds);
    return join(folder, name);
  }

  const show = (file: string, path: string): unknown =>
    JSON.parse(execFileSync('tar', ['--extract', '--to-stdout', '--file', file, path], { encoding: 'utf8' }));

  it('of the same files is the same, whenever they were made', async () => {
    const pack = (name: string, seconds: number): Promise<string> =>
      packImage({ name: 'localhost/test:1', config: imageConfig(), layers: [layer(name, seconds)] }, join(folder, `${name}.tar`));
    expect(await pack('one', 1_000)).toBe(await pack('two', 2_000));
    expect(readFileSync(join(folder, 'one.tar')).equals(readFileSync(join(folder, 'two.tar')))).toBe(true);
  });

  it('is an OCI image layout: the index names the manifest, the manifest the configuration and the layers', async () => {
    const file = join(folder, 'layout.tar');
    const layers = [layer('lower', 1), layer('upper', 2)];
    const digest = await packImage({ name: 'localhost/test:1', config: imageConfig(), layers }, file);
    const blob = (name: string): string => `blobs/sha256/${name.replace('sha256:', '')}`;
    const index = show(file, 'index.json') as { manifests: { digest: string; annotations: Record<string, string> }[] };
    expect(index.manifests.map((each) => each.digest)).toEqual([digest]);
    expect(index.manifests[0]?.annotations['org.opencontainers.image.ref.name']).toBe('localhost/test:1');
    const manifest = show(file, blob(digest)) as { config: { digest: string }; layers: { digest: string }[] };
    const configuration = show(file, blob(manifest.config.digest)) as { config: unknown; rootfs: { diff_ids: string[] } };
    expect(configuration.config).toEqual(imageConfig());
    expect(configuration.rootfs.diff_ids).toEqual(manifest.layers.map((each) => each.digest));
    expect(manifest.layers).toHaveLength(2);
    const names = execFileSync('tar', ['--list', '--file', file], { encoding: 'utf8' }).split('\n');
    for (const each of manifest.layers) expect(names).toContain(blob(each.digest));
  });
});
