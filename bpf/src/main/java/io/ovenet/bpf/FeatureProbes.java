package io.ovenet.bpf;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** How each feature is tried. Numbers of helpers and attach types are those of linux/bpf.h. */
final class FeatureProbes {
  private static final int CONNECT4 = 10;
  private static final int SK_LOOKUP_ATTACH = 36;
  private static final int NO_SUCH_DEVICE = Integer.MAX_VALUE;

  private FeatureProbes() {}

  /** Throws what the kernel said if the feature is absent. */
  static void require(KernelFeature feature) {
    switch (feature) {
      case SCHED_CLS -> RawProgram.returning(RawProgram.SCHED_CLS, 0, 0).close();
      case JIT -> jit();
      case CLSACT -> clsact();
      case TCX -> tcx();
      case RING_BUFFER -> map(new MapSpec(MapType.RINGBUF, 0, 0, PageSize.BYTES, 0)).close();
      case MMAPABLE_ARRAY -> mmapableArray();
      case LPM_TRIE -> lpmTrie();
      case LRU_HASH -> map(new MapSpec(MapType.LRU_HASH, 4, 4, 1, 0)).close();
      case BATCH_OPERATIONS -> batch();
      case REDIRECT_PEER -> helper(155);
      case REDIRECT_NEIGH -> helper(152);
      case FIB_LOOKUP -> helper(69);
      case TUNNEL_KEY -> helper(21);
      case SK_ASSIGN -> helper(124);
      case CGROUP_SOCK_ADDR ->
          RawProgram.returning(RawProgram.CGROUP_SOCK_ADDR, CONNECT4, 1).close();
      case SOCKET_ERROR -> helper(RawProgram.CGROUP_SOCK_ADDR, CONNECT4, 187);
      case SK_LOOKUP -> RawProgram.returning(RawProgram.SK_LOOKUP, SK_LOOKUP_ATTACH, 1).close();
      case FOR_EACH -> helper(164);
      case LOOP -> helper(181);
      case TIMER -> helper(169);
      case TEST_RUN -> testRun();
      case VETH -> veth();
      case DUMMY -> dummy();
      case WIREGUARD -> device("wireguard");
    }
  }

  private static BpfMap map(MapSpec spec) {
    return BpfMap.create("ovenet_probe", spec);
  }

  /**
   * The verifier looks up a helper before it looks at its arguments: it refuses a call without any
   * by another complaint than a call of what it doesn't know.
   */
  private static void helper(int helper) {
    helper(RawProgram.SCHED_CLS, 0, helper);
  }

  private static void helper(int type, int attachType, int helper) {
    RawProgram.Loaded loaded =
        RawProgram.load(
            type, attachType, RawProgram.call(helper), RawProgram.move(0, 0), RawProgram.EXIT);
    if (loaded.result() >= 0) {
      Syscall.close(loaded.result());
      return;
    }
    boolean unknown =
        loaded.log().contains("invalid func ")
            || loaded.log().contains("unknown func ")
            || loaded.log().contains("program of this type cannot use helper");
    if (unknown || loaded.log().isBlank()) {
      throw new BpfException("call helper " + helper, -loaded.result(), loaded.log());
    }
  }

  private static void jit() {
    try (BpfProgram program = RawProgram.returning(RawProgram.SOCKET_FILTER, 0, 0);
        Arena arena = Arena.ofConfined()) {
      MemorySegment info = BpfCall.info(arena, program.fd(), "read the size of machine code");
      if (info.get(JAVA_INT, 16) == 0) {
        throw new BpfException("translate a program to machine code", Errno.EOPNOTSUPP);
      }
    }
  }

  /** The kernel looks for the device after it has accepted the attach type. */
  private static void tcx() {
    try (BpfProgram program = RawProgram.returning(RawProgram.SCHED_CLS, 0, -1)) {
      BpfLink.attachDevice(program, NO_SUCH_DEVICE, AttachType.TCX_INGRESS).close();
    } catch (BpfException e) {
      if (e.errno() != Errno.ENODEV) {
        throw e;
      }
    }
  }

  private static void clsact() {
    try (NetworkNamespace namespace = NetworkNamespace.create();
        Netlink netlink = Netlink.open(namespace);
        BpfProgram program = RawProgram.returning(RawProgram.SCHED_CLS, 0, -1)) {
      netlink.tcFilters().attach(1, TcDirection.EGRESS, program);
    }
  }

  private static void mmapableArray() {
    MapSpec spec = new MapSpec(MapType.ARRAY, 4, 8, 1, MapSpec.MMAPABLE);
    try (BpfMap map = map(spec);
        Arena arena = Arena.ofConfined()) {
      map.mapInto(arena).set(JAVA_INT, 0, 1);
    }
  }

  private static void lpmTrie() {
    try (BpfMap map = map(new MapSpec(MapType.LPM_TRIE, 8, 4, 1, MapSpec.NO_PREALLOC))) {
      map.update(new byte[8], new byte[4]);
    }
  }

  private static void batch() {
    try (BpfMap map = map(new MapSpec(MapType.HASH, 4, 4, 2, 0));
        Arena arena = Arena.ofConfined()) {
      new BpfCall(arena)
          .setPointer(16, arena.allocate(8, 8))
          .setPointer(24, arena.allocate(8, 8))
          .setInt(32, 2)
          .setInt(36, map.fd())
          .check(BpfCall.MAP_UPDATE_BATCH, "update two entries at once");
    }
  }

  private static void testRun() {
    try (BpfProgram program = RawProgram.returning(RawProgram.SCHED_CLS, 0, 7)) {
      if (program.testRun(new byte[64], new byte[0], 1).returnValue() != 7) {
        throw new BpfException("test-run a program", Errno.EOPNOTSUPP);
      }
    }
  }

  private static void veth() {
    try (NetworkNamespace namespace = NetworkNamespace.create();
        Netlink netlink = Netlink.open(namespace)) {
      netlink.links().createVeth(LinkSpec.named("near"), LinkSpec.named("far"));
    }
  }

  private static void dummy() {
    try (NetworkNamespace namespace = NetworkNamespace.create();
        Netlink netlink = Netlink.open(namespace)) {
      netlink.links().createDummy(LinkSpec.named("probe"));
    }
  }

  private static void device(String kind) {
    try (NetworkNamespace namespace = NetworkNamespace.create();
        Netlink netlink = Netlink.open(namespace)) {
      netlink.links().create(kind, LinkSpec.named("probe"));
    }
  }
}
