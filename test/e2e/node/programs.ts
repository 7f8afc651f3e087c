/** The programs of a node and their flags, in the order in which they are started. The control plane is that of the local cluster, but for what a node changes. */
import { join } from 'node:path';
import type { Binaries } from '../../../sandbox/cluster/binaries.ts';
import { apiServer, controllerManager, etcd, type Layout } from '../../../sandbox/cluster/control-plane.ts';
import type { ProcessSpec } from '../../../sandbox/cluster/processes.ts';
import type { NodeTools } from '../tools/node.ts';
import { network } from './machine.ts';

/** What the node's own files are called. */
export interface NodeLayout extends Layout {
  readonly containerdConfig: string;
  readonly kubeletConfig: string;
  readonly kubeletKubeconfig: string;
  readonly schedulerKubeconfig: string;
}

/** Everything that a program may need to know. */
export interface Parts {
  readonly binaries: Binaries;
  readonly tools: NodeTools;
  readonly layout: NodeLayout;
}

/** Port of the API server: that of its Service, since it is reached without a proxy. */
const ports = { etcd: 2379, etcdPeer: 2380, api: 443 };

/** etcd, API server and containerd: they need nobody. */
export function firstPrograms({ binaries, tools, layout }: Parts): readonly ProcessSpec[] {
  const api = apiServer(binaries, layout, ports);
  return [
    etcd(binaries, layout, ports),
    {
      ...api,
      args: withFlags(api.args, {
        'bind-address': '0.0.0.0',
        'advertise-address': network.node,
        'service-cluster-ip-range': network.services,
        'authorization-mode': 'Node,RBAC',
        'enable-admission-plugins': 'NodeRestriction',
      }),
    },
    {
      name: 'containerd',
      command: join(tools.runtime, 'usr/bin/containerd'),
      args: ['--config', layout.containerdConfig],
      logFile: join(layout.logs, 'containerd.log'),
    },
  ];
}

/** Those that start when the API server answers. */
export function laterPrograms({ binaries, tools, layout }: Parts): readonly ProcessSpec[] {
  const controllers = controllerManager(binaries, layout);
  const scheduler = ['kubeconfig', 'authentication-kubeconfig', 'authorization-kubeconfig'];
  return [
    { ...controllers, args: withFlags(controllers.args, { controllers: '*' }) },
    {
      name: 'kube-scheduler',
      command: tools.binaries['kube-scheduler'],
      args: [...scheduler.map((flag) => `--${flag}=${layout.schedulerKubeconfig}`), '--secure-port=0', '--leader-elect=false'],
      logFile: join(layout.logs, 'kube-scheduler.log'),
    },
    {
      name: 'kubelet',
      command: tools.binaries.kubelet,
      args: [
        `--config=${layout.kubeletConfig}`,
        `--kubeconfig=${layout.kubeletKubeconfig}`,
        '--hostname-override=sluice-node',
        `--node-ip=${network.node}`,
      ],
      logFile: join(layout.logs, 'kubelet.log'),
    },
  ];
}

function withFlags(args: readonly string[], flags: Readonly<Record<string, string>>): readonly string[] {
  const others = args.filter((arg) => !Object.keys(flags).some((flag) => arg.startsWith(`--${flag}=`)));
  return [...others, ...Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`)];
}
