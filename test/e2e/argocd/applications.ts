/** Teams in Argo CD: an AppProject and an Application each, how they stand, and everything that was ever said about them. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { ensureBinaries } from '../../../sandbox/cluster/binaries.ts';
import { apply, get, kubeconfig, kubectl } from '../../support/cluster.ts';
import { until } from '../../support/sluice.ts';
import { argocdNamespace, type ArgoCd } from './argocd.ts';
import type { Repository } from './repository.ts';

const server = 'https://kubernetes.default.svc';

/** A team: where it may write what, and from which repository. */
export interface Team {
  /** Name of its AppProject and of its Application. */
  readonly name: string;
  readonly namespace: string;
  readonly repository: Repository;
  /** Kinds of group sluice.dev that it may have. What it may not have is neither applied nor shown. */
  readonly kinds: readonly string[];
}

/** What an Application says of itself. */
export interface Application {
  readonly status?: {
    readonly sync?: { readonly status?: string; readonly revision?: string };
    readonly health?: { readonly status?: string };
    readonly operationState?: { readonly phase?: string; readonly message?: string };
    readonly resources?: readonly {
      readonly kind: string;
      readonly name: string;
      readonly health?: { readonly status?: string; readonly message?: string };
    }[];
  };
}

/** Gives a team its AppProject, as the guide has it. */
export async function createProject({ name, namespace, repository, kinds }: Team): Promise<void> {
  const spec = {
    sourceRepos: [repository.url],
    destinations: [{ server, namespace }],
    clusterResourceWhitelist: [],
    namespaceResourceWhitelist: [...kinds.map((kind) => ({ group: 'sluice.dev', kind })), { group: '', kind: 'ConfigMap' }],
  };
  await apply([{ apiVersion: 'argoproj.io/v1alpha1', kind: 'AppProject', metadata: { name, namespace: argocdNamespace }, spec }]);
}

/** Gives a team an Application of a folder of its repository, which syncs, prunes and heals by itself. */
export async function createApplication(team: Team, name = team.name, path = '.'): Promise<void> {
  const metadata = {
    name,
    namespace: argocdNamespace,
    annotations: { 'argocd.argoproj.io/compare-options': 'ServerSideDiff=true' },
    finalizers: ['resources-finalizer.argocd.argoproj.io'],
  };
  const spec = {
    project: team.name,
    source: { repoURL: team.repository.url, targetRevision: 'main', path },
    destination: { server, namespace: team.namespace },
    // Without a limit a sync that fails is tried again for minutes, and no later commit is looked at before that.
    syncPolicy: { automated: { prune: true, selfHeal: true }, syncOptions: ['ServerSideApply=true'], retry: { limit: 0 } },
  };
  await apply([{ apiVersion: 'argoproj.io/v1alpha1', kind: 'Application', metadata, spec }]);
}

/** Has Argo CD look at the repository now; it would by itself in two minutes. */
export async function refresh(name: string, how: 'normal' | 'hard' = 'normal'): Promise<void> {
  await kubectl(['annotate', '--overwrite', 'application', name, '-n', argocdNamespace, `argocd.argoproj.io/refresh=${how}`]);
}

/** Waits until an Application shows this; where a commit is named, of that commit. */
export function shows(
  name: string,
  expected: { readonly sync?: string; readonly health?: string; readonly operation?: string; readonly commit?: string },
  seconds = 30,
): Promise<Application> {
  return until(
    `Application ${name} shows ${JSON.stringify(expected)}`,
    async () => {
      const found = await get<Application>('application', name, argocdNamespace);
      const { sync, health, operationState } = found.status ?? {};
      const shown = {
        sync: sync?.status,
        health: health?.status,
        operation: operationState?.phase,
        commit: sync?.revision,
      } as const;
      const wrong = Object.entries(expected).some(([key, value]) => shown[key as keyof typeof shown] !== value);
      if (wrong) throw new Error(JSON.stringify(found.status));
      return found;
    },
    seconds,
  );
}

/** Health of one resource of an Application, as "status: message". */
export function healthOf(application: Application, kind: string, name: string): string {
  const health = application.status?.resources?.find((each) => each.kind === kind && each.name === name)?.health;
  return `${health?.status ?? 'none'}: ${health?.message ?? ''}`;
}

/** A resource of a team's Application, in git or below what is in git. */
export interface Resource {
  readonly kind: string;
  readonly name: string;
}

/** Names of the actions that Argo CD offers on a resource. @throws Error where the Application doesn't show the resource */
export async function actionsOn(argocd: ArgoCd, team: Team, resource: Resource): Promise<string[]> {
  const { name: application, ...place } = placeOf(team, resource);
  const answer = await argocd.call(`applications/${application}/resource/actions?${new URLSearchParams(place).toString()}`);
  const { actions = [] } = answer as { readonly actions?: readonly { readonly name: string }[] };
  return actions.map(({ name }) => name).toSorted();
}

/** Runs an action, as a click does. @throws Error where the Application doesn't show the resource, or there is no such action */
export async function act(argocd: ArgoCd, team: Team, resource: Resource, action: string): Promise<void> {
  await argocd.call(`applications/${team.name}/resource/actions/v2`, { ...placeOf(team, resource), action });
}

function placeOf(team: Team, { kind, name: resourceName }: Resource) {
  return { name: team.name, namespace: team.namespace, resourceName, kind, group: 'sluice.dev', version: 'v1alpha1' };
}

/** Everything that was said about sync, from now on. */
export interface Chronicle {
  /** Commits that were called out of sync after they had been called synced: somebody's write was taken for drift. */
  drifts(): string[];
  /** How many things were said. */
  readonly length: number;
  stop(): void;
}

/** Starts to write down what is said about the sync of all Applications. */
export async function chronicle(): Promise<Chronicle> {
  const { kubectl: program } = await ensureBinaries(() => undefined);
  const columns = 'NAME:.metadata.name,SYNC:.status.sync.status,COMMIT:.status.sync.revision';
  const args = ['get', 'applications', '-n', argocdNamespace, '--watch', '--no-headers', '--output', `custom-columns=${columns}`];
  const child = spawn(program, args, { env: { ...process.env, KUBECONFIG: kubeconfig() }, stdio: ['ignore', 'pipe', 'inherit'] });
  const said: { readonly name: string; readonly sync: string; readonly commit: string }[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [name = '', sync = '', commit = ''] = line.trim().split(/\s+/);
    said.push({ name, sync, commit });
  });
  return {
    drifts: () => {
      const synced = new Set<string>();
      const drifted = said.flatMap(({ name, sync, commit }) => {
        if (sync === 'Synced') synced.add(`${name} at ${commit}`);
        return sync === 'OutOfSync' && synced.has(`${name} at ${commit}`) ? [`${name} at ${commit}`] : [];
      });
      return [...new Set(drifted)];
    },
    get length() {
      return said.length;
    },
    stop: () => void child.kill(),
  };
}
