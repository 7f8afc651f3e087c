/**
 * Argo CD as one program, built from its published Go module in place, with its own go.mod and go.sum: its `replace` lines only count when it is the main module.
 * The program that it is at run time (controller, repo-server, server, command line) is told by the variable ARGOCD_BINARY_NAME.
 */
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../../sandbox/cluster/run.ts';
import { ensureTool, type Log, type Tool } from './tool.ts';

const module = 'github.com/argoproj/argo-cd/v3';

/**
 * Later ones can't be built from what is published: 3.2.12 does not compile, 3.3 and later replace a module by a folder that the published zip lacks.
 * What Sluice gives to Argo CD is Lua, and the interpreter of later versions differs in nothing that matters.
 */
export const argocdVersion = '3.2.11';

/** Checksum of the module's zip, as go.sum would hold it; the module's own go.sum pins everything below. */
const sum = 'h1:3hkR11XCp/nlyM2cWr3qeUSGuZgi3JkFdMpzgL5qOR8=';

/** The CustomResourceDefinitions that the controller watches. */
const crds = ['application-crd.yaml', 'applicationset-crd.yaml', 'appproject-crd.yaml'];

const tool: Tool = { name: `Argo CD ${argocdVersion}`, path: `argocd-v${argocdVersion}`, seconds: 220, make };

/** Where Argo CD lies. */
export interface Argocd {
  readonly program: string;
  /** Folder of its CRDs. */
  readonly crds: string;
}

/** Finds Argo CD in the cache or builds it. @throws CommandError with Go's own words; Error when the module is not the one that is pinned. */
export async function ensureArgocd(log: Log): Promise<Argocd> {
  const folder = await ensureTool(tool, log);
  return { program: join(folder, 'argocd'), crds: join(folder, 'crds') };
}

async function make(folder: string): Promise<void> {
  const source = await downloadModule();
  mkdirSync(join(folder, 'crds'), { recursive: true });
  const flags = `-s -w -X ${module}/common.version=${argocdVersion}`;
  const output = join(folder, 'argocd');
  const args = ['build', '-mod=readonly', '-buildvcs=false', '-trimpath', '-ldflags', flags, '-o', output, './cmd'];
  await run('go', args, { cwd: source, env: goEnvironment() });
  for (const crd of crds) copyFileSync(join(source, 'manifests/crds', crd), join(folder, 'crds', crd));
}

/** Folder of the module's source in Go's module cache. @throws when it is another one than the pinned one. */
export async function downloadModule(): Promise<string> {
  const printed = await run('go', ['mod', 'download', '-json', `${module}@v${argocdVersion}`], {
    cwd: '/',
    env: goEnvironment(),
  });
  const { Dir: source, Sum: found } = JSON.parse(printed) as { readonly Dir: string; readonly Sum: string };
  if (found !== sum) throw new Error(`${module}@v${argocdVersion} has the checksum ${found}, not ${sum}: do not build it.`);
  return source;
}

/** A go.work of the user's, or flags meant for another project, must not change what is built here. */
export function goEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '' };
}
