#!/bin/sh
# The first process of the node, in namespaces of its own: mount, network, process ids, IPC, host name. All others end with it, and all that they mounted, wired and
# routed goes. Arguments: folder of the node, its address, the API server's address as pods know it.
set -eu
folder=$1 address=$2 api_server=$3

hostname sluice-node
mount --make-rprivate /
# The kubelet hands mounts on to pods.
mount --make-rshared /
mount -t tmpfs -o mode=755 tmpfs /run
mount --bind "$folder/lib" /var/lib
mount --bind "$folder/log" /var/log
: > /run/resolv.conf

# The kubelet wants these kernel settings for the whole machine: it is shown its wishes, and the machine keeps what it has.
pretend() {
  mkdir -p "/run/sysctl/$(dirname "$1")"
  echo "$2" > "/run/sysctl/$1"
  mount --bind "/run/sysctl/$1" "/proc/sys/$1"
}
pretend vm/overcommit_memory 1
pretend vm/panic_on_oom 0
pretend kernel/panic 10
pretend kernel/panic_on_oops 1
pretend kernel/keys/root_maxkeys 1000000
pretend kernel/keys/root_maxbytes 25000000

until [ -e "$folder/wired" ]; do sleep 0.05; done
ip link set lo up
# The API server listens on the address of its Service itself, so that a node with one Service that matters needs no proxy for it.
ip address add "$api_server/32" dev lo
ip address add "$address/30" dev eth0
ip link set eth0 up
# There is no default route: nothing leaves the machine.
echo 1 > /proc/sys/net/ipv4/ip_forward
touch "$folder/ready"

# Collects the orphans of this process id namespace.
while :; do
  sleep 3600 &
  wait $! || true
done
