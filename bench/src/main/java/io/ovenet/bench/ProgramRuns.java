package io.ovenet.bench;

import io.ovenet.bpf.BpfObject;
import io.ovenet.bpf.BpfProgram;
import io.ovenet.bpf.MacAddress;
import io.ovenet.datapath.Endpoint;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.random.RandomGenerator;

/** Test runs of one program or another on the same packets. */
final class ProgramRuns implements AutoCloseable {
  private static final int TC_ACT_OK = 0;
  private static final int TC_ACT_REDIRECT = 7;
  private static final byte[] ZERO = new byte[Integer.BYTES];

  private final ProgramNode node;
  private final BpfObject limits = Limits.load();

  ProgramRuns(ProgramNode node) {
    this.node = node;
    byte[] peer = ints(Endpoint.ifindexOf(2), 0, 0);
    MacAddress mac = node.from(2, 0).mac();
    System.arraycopy(mac.bytes(), 0, peer, Integer.BYTES, mac.bytes().length);
    limits.map("deliveries").update(ints(Endpoint.ifindexOf(1)), peer);
  }

  /** What is run. */
  enum Variant {
    EMPTY("empty program"),
    REDIRECT("redirect_peer, no policy"),
    FROM_POD("from_pod");

    final String title;

    Variant(String title) {
      this.title = title;
    }
  }

  private BpfProgram program(Variant variant) {
    return switch (variant) {
      case EMPTY -> limits.program("empty");
      case REDIRECT -> limits.program("redirect_only");
      case FROM_POD -> node.datapath().program("from_pod");
    };
  }

  /**
   * The mean nanoseconds of a run on endpoint 1's packet.
   *
   * @param first source port of the first run, for a new one each time; negative: always the same
   *     packet
   */
  int nanos(Variant variant, byte[] frame, int first, int repeat) {
    return run(variant, 1, frame, first, repeat).nanosPerRun();
  }

  /** Sends a packet of an endpoint once; it must be delivered. */
  void send(int from, byte[] frame) {
    run(Variant.FROM_POD, from, frame, -1, 1);
  }

  private BpfProgram.TestRun run(Variant variant, int from, byte[] frame, int first, int repeat) {
    limits.map("measured").update(ZERO, ints(program(variant).fd()));
    byte[] headers = new byte[Frames.HEADERS];
    System.arraycopy(frame, 0, headers, 0, headers.length);
    limits.map("headers").update(ZERO, headers);
    limits.map("sent").update(ZERO, ints(Math.max(0, first), 0));
    BpfProgram begin = limits.program(first < 0 ? "same_tuple" : "next_tuple");
    byte[] context = ProgramNode.context(from);
    BpfProgram.TestRun run = node.inside(() -> begin.testRun(frame, context, repeat));
    int expected = variant == Variant.EMPTY ? TC_ACT_OK : TC_ACT_REDIRECT;
    if (run.returnValue() != expected) {
      throw new IllegalStateException(
          "%s of endpoint %d's packet returned %d, not %d"
              .formatted(variant.title, from, run.returnValue(), expected));
    }
    return run;
  }

  /**
   * Fills the connection table with connections of an endpoint, leaving as many slots free as it
   * takes, by chance.
   */
  void fill(int from, int count, RandomGenerator random) {
    byte[] frame = Frames.udp(node.from(from, 0), node.to(2, ProgramNode.PORT));
    byte[] context = ProgramNode.context(from);
    BpfProgram program = node.datapath().program("from_pod");
    ByteBuffer port = ByteBuffer.wrap(frame);
    node.inside(
        () -> {
          for (int i = 0; i < count; i++) {
            port.putShort(Frames.HEADERS, (short) (i + 1));
            program.testRun(frame, context, 1);
            node.skipSlots(random.nextInt(3));
          }
          return count;
        });
  }

  private static byte[] ints(int... values) {
    ByteBuffer bytes =
        ByteBuffer.allocate(values.length * Integer.BYTES).order(ByteOrder.nativeOrder());
    for (int value : values) {
      bytes.putInt(value);
    }
    return bytes.array();
  }

  @Override
  public void close() {
    limits.close();
  }
}
