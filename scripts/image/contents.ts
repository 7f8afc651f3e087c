/**
 * The file system of the image, in two layers: what it runs on (Node's C libraries as Debian packages them, and Node), and the operator (what `npm run build` made, and
 * the packages that it needs at run time). No shell, no package manager, no dev dependency. The same function fills the Dockerfile's image and the archive that is
 * packed without Docker.
 */
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { billOfMaterials } from './bill-of-materials.ts';
import { billOfMaterialsPath, checkout } from './config.ts';
import { unpackDebian, type DebianPackage } from './debian.ts';

/** All that Node asks the dynamic linker for; certificates and time zones it brings itself. */
const libraries = ['base-files', 'libc6', 'libgcc-s1', 'libstdc++6'];

/** Fills `folder` with the first layer. Returns what it consists of. */
export async function fillSystem(folder: string): Promise<readonly DebianPackage[]> {
  const packages = await unpackDebian(libraries, folder);
  removeUnneeded(folder);
  // Where scanners look for the packages of images that have no package manager.
  for (const { name, control } of packages) write(folder, `var/lib/dpkg/status.d/${name}`, control);
  write(folder, 'etc/passwd', 'root:x:0:0:root:/:/nologin\nnonroot:x:65532:65532:nonroot:/tmp:/nologin\n');
  write(folder, 'etc/group', 'root:x:0:\nnonroot:x:65532:\n');
  // Without it the C library asks the name server first, and a pod's hostAliases are not heard.
  write(folder, 'etc/nsswitch.conf', 'hosts: files dns\n');
  mkdirSync(join(folder, 'tmp'), { recursive: true });
  chmodSync(join(folder, 'tmp'), 0o1777);
  mkdirSync(join(folder, 'usr/local/bin'), { recursive: true });
  copyFileSync(process.execPath, join(folder, 'usr/local/bin/node'));
  chmodSync(join(folder, 'usr/local/bin/node'), 0o755);
  return packages;
}

function removeUnneeded(folder: string): void {
  const share = join(folder, 'usr/share');
  for (const name of ['man', 'info', 'locale', 'lintian', 'bug', 'gdb'])
    rmSync(join(share, name), { recursive: true, force: true });
  // Empty, and with another owner or mode than the rest, of which the archive keeps nothing.
  for (const name of ['root', 'var/local']) rmSync(join(folder, name), { recursive: true, force: true });
  // Licences stay.
  for (const file of files(join(share, 'doc'))) if (basename(file) !== 'copyright') rmSync(file);
  // Character sets, for a function that Node doesn't call.
  for (const file of files(join(folder, 'usr/lib'))) if (file.includes('/gconv/')) rmSync(file);
}

/** Fills `folder` with the second layer. @throws when the operator has not been built */
export function fillApplication(folder: string, system: readonly DebianPackage[]): void {
  if (!existsSync(join(checkout, 'dist/main.js'))) throw new Error('There is no dist/main.js: run "npm run build" first.');
  const app = join(folder, 'app');
  mkdirSync(app, { recursive: true });
  for (const file of ['package.json', 'LICENSE']) copyFileSync(join(checkout, file), join(app, file));
  copyRuntime(join(checkout, 'dist'), join(app, 'dist'));
  for (const path of runtimePackages()) copyRuntime(join(checkout, path), join(app, path));
  write(folder, billOfMaterialsPath, billOfMaterials(runtimePackages(), system));
}

/** Folders of the packages that are needed at run time, relative to the checkout: all that package-lock.json doesn't mark as for development. */
export function runtimePackages(): readonly string[] {
  const { packages } = JSON.parse(readFileSync(join(checkout, 'package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, { readonly dev?: boolean; readonly devOptional?: boolean }>>;
  };
  const isNeeded = (path: string): boolean => path !== '' && packages[path]?.dev !== true && packages[path]?.devOptional !== true;
  return Object.keys(packages).filter(isNeeded).sort();
}

// Packages inside packages are in the list themselves. Types and source maps are for those who write programs.
function copyRuntime(from: string, to: string): void {
  const isNeeded = (path: string): boolean => !/(\.map|\.d\.[cm]?ts)$/.test(path) && basename(path) !== 'node_modules';
  cpSync(from, to, { recursive: true, filter: (path) => path === from || isNeeded(path) });
}

function files(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
}

function write(folder: string, path: string, text: string): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
