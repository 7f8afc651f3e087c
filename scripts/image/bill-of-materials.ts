/**
 * The list of all parts of the image (CycloneDX): the packages that are needed at run time, as npm describes them, and beside them Node and the Debian packages that it
 * runs on. It says neither when nor with which npm nor by which number it was made, so that the same parts give the same file.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkout, packageJson } from './config.ts';
import type { DebianPackage } from './debian.ts';

interface Component {
  readonly 'bom-ref': string;
  readonly type: string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
}

interface BillOfMaterials {
  readonly metadata: { readonly component: object };
  readonly components: readonly Component[];
}

/** The list, as the text of a JSON file. `packages`: folders of npm packages, relative to the checkout. */
export function billOfMaterials(packages: readonly string[], system: readonly DebianPackage[]): string {
  const { serialNumber: _, metadata, components, ...rest } = npmList();
  const { timestamp: _time, tools: _tools, component, ...about } = metadata;
  const own = { ...component, type: 'application', name: 'sluice', version: packageJson().version };
  const wanted = new Set(packages.map(referenceOf));
  const described = components.filter((each) => wanted.has(each['bom-ref']));
  const all = [...described, nodeComponent(), ...system.map(debianComponent)];
  return `${JSON.stringify({ ...rest, metadata: { ...about, component: own }, components: all }, undefined, 2)}\n`;
}

/** As npm names a package in its list. */
function referenceOf(path: string): string {
  const { name, version } = JSON.parse(readFileSync(join(checkout, path, 'package.json'), 'utf8')) as Record<string, string>;
  return `${String(name)}@${String(version)}`;
}

// Not with --omit dev: npm then leaves out what is needed at run time and by something for development as well.
function npmList(): BillOfMaterials & {
  readonly serialNumber?: string;
  readonly metadata: { readonly timestamp?: string; readonly tools?: object };
} {
  const output = execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx'], {
    cwd: checkout,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    // What npm says of a failure is part of the error: which packages are missing.
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return JSON.parse(output) as ReturnType<typeof npmList>;
}

function nodeComponent(): Component {
  const version = process.versions.node;
  const purl = `pkg:generic/node@${version}`;
  return { 'bom-ref': purl, type: 'platform', name: 'node', version, purl };
}

function debianComponent({ name, version, architecture }: DebianPackage): Component {
  const purl = `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${architecture}`;
  return { 'bom-ref': purl, type: 'library', name, version, purl };
}
