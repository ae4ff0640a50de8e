#!/bin/sh
# First process of a guest: drivers, network, the user's script, a shell on the console.
export PATH=/bin:/sbin:/usr/bin HOME=/root TERM=linux
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts
while read -r module; do insmod "/modules/$module"; done </modules/order
hostname -F /etc/hostname
ip link set lo up
until [ -e /sys/class/net/eth0 ]; do sleep 0.1; done
ip link set eth0 up
until udhcpc -q -n -f -t 10 -T 1 -i eth0 -s /etc/dhcp; do echo "no answer to DHCP yet"; done
if [ -f /etc/user-data ]; then
  setsid sh -c '/etc/user-data; echo $? >/tmp/user-data.done' >/dev/ttyS0 2>&1 </dev/null &
  # A script that never ends must not keep the machine from being ready.
  waited=0
  until [ -e /tmp/user-data.done ] || [ "$waited" = 100 ]; do
    sleep 0.1
    waited=$((waited + 1))
  done
fi
setsid /etc/commands &
until [ -e /tmp/commands.ready ]; do sleep 0.1; done
cat /etc/ready
while :; do
  setsid sh -c 'exec sh -l </dev/ttyS0 >/dev/ttyS0 2>&1'
  sleep 0.2
done
