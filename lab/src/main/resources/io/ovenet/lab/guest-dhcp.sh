#!/bin/sh
# What udhcpc calls with what it got.
case "$1" in
bound | renew)
  ip addr flush dev "$interface"
  ip addr add "$ip/${mask:-24}" dev "$interface"
  [ -z "$mtu" ] || ip link set "$interface" mtu "$mtu"
  for gateway in $router; do
    # With a bridge binding the gateway is outside of the guest's own prefix.
    ip route replace "$gateway" dev "$interface"
    ip route replace default via "$gateway" dev "$interface"
    break
  done
  for server in $dns; do echo "nameserver $server"; done >/etc/resolv.conf
  ;;
esac
