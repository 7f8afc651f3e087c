/** A team's git repository: a bare one on this machine, which Argo CD reads by its file URL, and commits to it. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from '../../../sandbox/cluster/run.ts';

/** One repository with one branch, `main`. */
export interface Repository {
  readonly url: string;
  /** Writes these files (path → objects of the manifest; null: the file is removed), commits and pushes. Returns the commit. */
  commit(message: string, files: Readonly<Record<string, readonly object[] | null>>): Promise<string>;
}

/** Makes an empty repository below `dir`. */
export async function createRepository(dir: string, name: string): Promise<Repository> {
  const [bare, clone] = [join(dir, `${name}.git`), join(dir, `${name}.clone`)];
  mkdirSync(dir, { recursive: true });
  // Nothing of the person's own settings: no signing, no hooks, no other first branch.
  const author = { GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: `${name}@example.com` };
  const committer = { GIT_COMMITTER_NAME: name, GIT_COMMITTER_EMAIL: `${name}@example.com` };
  const env = { ...process.env, ...author, ...committer, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' };
  const git = (...args: string[]): Promise<string> => run('git', args, { env });
  await git('init', '--quiet', '--bare', '--initial-branch=main', bare);
  await git('init', '--quiet', '--initial-branch=main', clone);
  await git('-C', clone, 'remote', 'add', 'origin', bare);
  return {
    url: `file://${bare}`,
    commit: async (message, files) => {
      for (const [path, objects] of Object.entries(files)) {
        const file = join(clone, path);
        mkdirSync(dirname(file), { recursive: true });
        if (objects === null) rmSync(file);
        // JSON is YAML; a List is applied as its items.
        else writeFileSync(file, objects.map((object) => `---\n${JSON.stringify(object, undefined, 2)}\n`).join(''));
      }
      await git('-C', clone, 'add', '--all');
      await git('-C', clone, 'commit', '--quiet', '--allow-empty', '--message', message);
      await git('-C', clone, 'push', '--quiet', 'origin', 'main');
      return (await git('-C', clone, 'rev-parse', 'HEAD')).trim();
    },
  };
}
