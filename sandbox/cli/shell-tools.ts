/**
 * The programs that a person types in the shell that has read the file `env`: `kubectl` (the one that was built, whose version fits the
 * cluster) with its plugin `share`, and `sandbox`. Small scripts in a folder of the sandbox's; nothing is installed on the machine.
 */
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeAtomically } from './folder.ts';
import type { SandboxFolder } from './folder.ts';

/** Writes the scripts. `kubectl` is the path of the program. */
export function writeShellTools(folder: SandboxFolder, kubectl: string): void {
  mkdirSync(folder.bin, { recursive: true, mode: 0o700 });
  // A discovery cache is kept by address, and a later cluster may get the same port: so each sandbox has its own.
  const cache = join(folder.dir, 'tools', 'kubectl-cache');
  script(join(folder.bin, 'kubectl'), [`export KUBECACHEDIR=${quoted(cache)}`, `exec ${quoted(kubectl)} "$@"`]);
  const share = join(import.meta.dirname, '../../src/cli/main.ts');
  script(join(folder.bin, 'kubectl-share'), [`exec ${quoted(process.execPath)} ${quoted(share)} "$@"`]);
  // kubectl asks a program of this name what "kubectl share <Tab>" can become.
  script(join(folder.bin, 'kubectl_complete-share'), [`exec ${quoted(join(folder.bin, 'kubectl-share'))} __complete "$@"`]);
  const cli = join(import.meta.dirname, 'main.ts');
  script(join(folder.bin, 'sandbox'), [
    `export SLUICE_DIR=${quoted(folder.dir)}`,
    `exec ${quoted(process.execPath)} ${quoted(cli)} "$@"`,
  ]);
}

function script(file: string, lines: readonly string[]): void {
  writeAtomically(file, `#!/bin/sh\n${lines.join('\n')}\n`);
  chmodSync(file, 0o700);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
