/** Programs on this machine: whether a file is one, and where the one of a name lies. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** True when the file is there and this process may run it. */
export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Path of the program that the PATH leads to; undefined: there is none.
 * @param more folders to look into after those of the PATH.
 */
export function findOnPath(name: string, more: readonly string[] = []): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return [...folders, ...more].map((folder) => join(folder, name)).find(isExecutable);
}
