package io.ovenet.bpf;

/** Where a link holds a program: {@code enum bpf_attach_type} (linux/bpf.h). */
public enum AttachType {
  CGROUP_INET4_BIND(8),
  CGROUP_INET6_BIND(9),
  CGROUP_INET4_CONNECT(10),
  CGROUP_INET6_CONNECT(11),
  CGROUP_UDP4_SENDMSG(14),
  CGROUP_UDP6_SENDMSG(15),
  CGROUP_UDP4_RECVMSG(19),
  CGROUP_UDP6_RECVMSG(20),
  CGROUP_INET4_GETPEERNAME(29),
  CGROUP_INET6_GETPEERNAME(30),
  SK_LOOKUP(36),
  XDP(37),
  /** Since kernel 6.6. */
  TCX_INGRESS(46),
  /** Since kernel 6.6. */
  TCX_EGRESS(47);

  final int number;

  AttachType(int number) {
    this.number = number;
  }
}
