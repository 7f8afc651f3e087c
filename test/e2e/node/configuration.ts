/** Configuration files of containerd, its network and the kubelet, as text. Paths are as the node sees them. Touches no disk. */
import { join } from 'node:path';
import { network } from './machine.ts';

/** Image of the container that holds a pod's namespaces. */
export const pauseImage = 'localhost/pause:1';

/** Group of all control groups of the node. */
export const controlGroup = 'sluice-node';

/** Where containerd listens. */
export const containerdSocket = '/run/containerd/containerd.sock';

/** containerd 1.6 (its configuration version 2, which later ones read as well). */
export function containerdConfig(runtime: string, networks: string): string {
  const cri = "plugins.'io.containerd.grpc.v1.cri'";
  return `version = 2
root = '/var/lib/containerd'
state = '/run/containerd'
[grpc]
  address = '${containerdSocket}'
[${cri}]
  sandbox_image = '${pauseImage}'
  # Where root may not make itself less likely to be killed, runc must not try.
  restrict_oom_score_adj = true
[${cri}.cni]
  bin_dir = '${join(runtime, 'usr/lib/cni')}'
  conf_dir = '${networks}'
[${cri}.containerd.runtimes.runc]
  runtime_type = 'io.containerd.runc.v2'
[${cri}.containerd.runtimes.runc.options]
  BinaryName = '${join(runtime, 'usr/sbin/runc')}'
`;
}

/** One wire and one route for each pod: no bridge, and no address translation, since the machine has a route back. */
export function networkConfig(): object {
  const ipam = { type: 'host-local', dataDir: '/run/cni', ranges: [[{ subnet: network.pods }]], routes: [{ dst: '0.0.0.0/0' }] };
  return { cniVersion: '1.0.0', name: 'pods', plugins: [{ type: 'ptp', ipMasq: false, ipam }] };
}

/** The kubelet. */
export function kubeletConfig(certificateAuthority: string): object {
  const never = '0%';
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    failCgroupV1: false,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${controlGroup}`,
    containerRuntimeEndpoint: `unix://${containerdSocket}`,
    address: network.node,
    authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: certificateAuthority } },
    authorization: { mode: 'Webhook' },
    resolvConf: '/run/resolv.conf',
    makeIPTablesUtilChains: false,
    failSwapOn: false,
    // The settings are shown to it as it wants them (first-process.sh).
    protectKernelDefaults: true,
    volumePluginDir: '/run/volume-plugins',
    nodeStatusUpdateFrequency: '5s',
    // There is no registry to get a removed image back from, and the machine's disk is not ours to judge.
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    evictionHard: {
      'memory.available': '100Mi',
      'nodefs.available': never,
      'imagefs.available': never,
      'nodefs.inodesFree': never,
      'imagefs.inodesFree': never,
    },
    shutdownGracePeriod: '0s',
    oomScoreAdj: 0,
    maxOpenFiles: 20_000,
  };
}
