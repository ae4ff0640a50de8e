package io.ovenet.bpf;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.OptionalInt;

/**
 * The filter of ours at a device's clsact qdisc (linux/pkt_sched.h, linux/pkt_cls.h): one per
 * direction, of preference and handle 1, so that a change of its program replaces it in place.
 */
final class TcFilters {
  private static final int NEW_QDISC = 36;
  private static final int NEW_FILTER = 44;
  private static final int DELETE_FILTER = 45;
  private static final int GET_FILTER = 46;
  private static final int HEADER = 20;
  private static final int CLSACT_PARENT = 0xfffffff1;
  private static final int CLSACT_HANDLE = 0xffff0000;
  private static final int INGRESS_PARENT = 0xfffffff2;
  private static final int EGRESS_PARENT = 0xfffffff3;
  private static final int KIND = 1;
  private static final int OPTIONS = 2;
  private static final int BPF_FD = 6;
  private static final int BPF_NAME = 7;
  private static final int BPF_FLAGS = 8;
  private static final int BPF_ID = 11;
  private static final int DIRECT_ACTION = 1;
  private static final int HANDLE = 1;

  /** Preference 1 in the upper half, ETH_P_ALL in network byte order in the lower. */
  private static final int PREFERENCE_AND_PROTOCOL =
      1 << 16 | (ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN ? 0x300 : 3);

  private final NetlinkSocket socket;

  TcFilters(NetlinkSocket socket) {
    this.socket = socket;
  }

  private static NetlinkMessage filter(int type, int flags, int ifindex, TcDirection direction) {
    return new NetlinkMessage(type, flags)
        .putInt(0)
        .putInt(ifindex)
        .putInt(HANDLE)
        .putInt(
            switch (direction) {
              case INGRESS -> INGRESS_PARENT;
              case EGRESS -> EGRESS_PARENT;
            })
        .putInt(PREFERENCE_AND_PROTOCOL);
  }

  /** Makes the qdisc if it is missing, and the filter, or puts the program into the one there. */
  void attach(int ifindex, TcDirection direction, BpfProgram program) {
    NetlinkMessage qdisc =
        new NetlinkMessage(NEW_QDISC, NetlinkMessage.CREATE | NetlinkMessage.EXCLUSIVE)
            .putInt(0)
            .putInt(ifindex)
            .putInt(CLSACT_HANDLE)
            .putInt(CLSACT_PARENT)
            .putInt(0)
            .attribute(KIND, "clsact");
    try {
      socket.request(qdisc, "make the clsact qdisc of link " + ifindex);
    } catch (NetlinkException e) {
      if (e.errno() != Errno.EEXIST) {
        throw e;
      }
    }
    socket.request(
        filter(NEW_FILTER, NetlinkMessage.CREATE, ifindex, direction)
            .attribute(KIND, "bpf")
            .begin(OPTIONS)
            .attribute(BPF_FD, program.fd())
            .attribute(BPF_NAME, program.name())
            .attribute(BPF_FLAGS, DIRECT_ACTION)
            .end(),
        "attach " + program + " at clsact " + direction + " of link " + ifindex);
  }

  /** False if there is no filter of ours, no qdisc or no device. */
  boolean detach(int ifindex, TcDirection direction) {
    if (programId(ifindex, direction).isEmpty()) {
      return false;
    }
    socket.request(
        filter(DELETE_FILTER, 0, ifindex, direction).attribute(KIND, "bpf"),
        "detach clsact " + direction + " of link " + ifindex);
    return true;
  }

  /** The kernel's number of the program of our filter, or empty if there is none. */
  OptionalInt programId(int ifindex, TcDirection direction) {
    List<NetlinkReply> replies;
    try {
      replies =
          socket.get(
              filter(GET_FILTER, 0, ifindex, direction).attribute(KIND, "bpf"),
              HEADER,
              "get the filter of clsact " + direction + " of link " + ifindex);
    } catch (NetlinkException e) {
      // EINVAL: the device has no clsact qdisc.
      if (e.errno() == Errno.ENOENT || e.errno() == Errno.EINVAL || e.errno() == Errno.ENODEV) {
        return OptionalInt.empty();
      }
      throw e;
    }
    ByteBuffer id = replies.getFirst().nested(OPTIONS).get(BPF_ID);
    return id == null ? OptionalInt.empty() : OptionalInt.of(id.getInt(0));
  }
}
