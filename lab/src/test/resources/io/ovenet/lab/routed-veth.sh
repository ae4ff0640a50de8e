#!/bin/sh
# A CNI plugin for tests: a veth pair, an address of 10.42.0.0/24, a route on the node. It conforms to
# the specification and leaves a line for every call in /var/lib/ovenet/cni.calls.
state=/var/lib/ovenet
config=$(cat)
echo "$CNI_COMMAND $CNI_CONTAINERID $CNI_IFNAME $CNI_ARGS" >>$state/cni.calls
fail() { # code message
  printf '{"cniVersion":"0.3.1","code":%d,"msg":"%s"}' "$1" "$2"
  exit 1
}
id=$(printf %s "$CNI_CONTAINERID" | cut -c1-10)
case "$CNI_COMMAND" in
ADD)
  [ -e $state/refuse ] && rm $state/refuse && fail 11 "not now"
  case "$config" in *'"name":"test"'*) ;; *) fail 7 "no name" ;; esac
  exec 9>$state/lock
  flock 9
  number=$(($(cat $state/last 2>/dev/null || echo 1) + 1))
  echo $number >$state/last
  address=10.42.0.$number
  ip link add "v$id" type veth peer name "$CNI_IFNAME" netns "$CNI_NETNS" || fail 5 "no veth"
  inside() { nsenter --net="$CNI_NETNS" "$@"; }
  inside ip addr add $address/32 dev "$CNI_IFNAME"
  inside ip link set "$CNI_IFNAME" up
  ip link set "v$id" up
  sysctl -qw "net.ipv4.conf.v$id.proxy_arp=1"
  ip route add $address dev "v$id"
  inside ip route add 169.254.1.1 dev "$CNI_IFNAME"
  inside ip route add default via 169.254.1.1 dev "$CNI_IFNAME" onlink
  printf '{"cniVersion":"0.3.1","interfaces":[{"name":"v%s"},{"name":"%s","sandbox":"%s"}],"ips":[{"version":"4","address":"%s/32","gateway":"169.254.1.1","interface":1}]}' \
    "$id" "$CNI_IFNAME" "$CNI_NETNS" "$address"
  ;;
DEL)
  ip link del "v$id" 2>/dev/null
  exit 0
  ;;
VERSION) printf '{"cniVersion":"0.3.1","supportedVersions":["0.3.1"]}' ;;
*) fail 4 "unknown command" ;;
esac
