package io.ovenet.bpf;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/** A loaded program. Thread-safe, but for {@link #close}. */
public final class BpfProgram implements AutoCloseable {
  /** A packet may grow by encapsulation during a test run. */
  private static final int PACKET_ROOM = 512;

  private static final int SMALLEST_PACKET = 14;

  private final Descriptor descriptor;
  private final String name;
  private final int id;

  BpfProgram(int fd, String name) {
    descriptor = new Descriptor(fd, "program " + name);
    this.name = name;
    try (Arena arena = Arena.ofConfined()) {
      id = BpfCall.info(arena, fd, "read the description of program " + name).get(JAVA_INT, 4);
    } catch (RuntimeException e) {
      descriptor.close();
      throw e;
    }
  }

  /** Opens the program that is pinned there. */
  public static BpfProgram openPinned(Path path) {
    int fd = Pins.open(path, Pins.Kind.PROGRAM);
    String name;
    try (Arena arena = Arena.ofConfined()) {
      name = BpfCall.name(BpfCall.info(arena, fd, "read the program pinned at " + path), 64);
    } catch (RuntimeException e) {
      Syscall.close(fd);
      throw e;
    }
    return new BpfProgram(fd, name);
  }

  /** The program's name; one that was opened by its pin has only the first 15 characters. */
  public String name() {
    return name;
  }

  /** The kernel's number for it. */
  public int id() {
    return id;
  }

  /** The open descriptor, which the program keeps owning. */
  public int fd() {
    return descriptor.fd();
  }

  /** Pins the program, which then outlives this process. */
  public void pin(Path path) {
    BpfCall.pin(fd(), path, toString());
  }

  /**
   * How often and how long it ran; counted only while kernel.bpf_stats_enabled is 1.
   *
   * @param nanos all runs together
   * @param verifiedInstructions what the verifier went through to accept it
   */
  public record Statistics(long runs, long nanos, int verifiedInstructions) {}

  /** The kernel's own counts. */
  public Statistics statistics() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = BpfCall.info(arena, fd(), "read the statistics of " + this);
      return new Statistics(
          info.get(JAVA_LONG, 200), info.get(JAVA_LONG, 192), info.get(JAVA_INT, 216));
    }
  }

  /**
   * What a test run left.
   *
   * @param packet as the program left it; after several runs as the last one left it
   * @param context as the program left it, empty if none was given
   * @param nanosPerRun the mean of all runs
   */
  @SuppressWarnings("ArrayRecordComponent") // packets are bytes; nobody compares test runs
  public record TestRun(int returnValue, byte[] packet, byte[] context, int nanosPerRun) {}

  /**
   * Runs the program on a packet without any device (BPF_PROG_TEST_RUN).
   *
   * @param packet at least an Ethernet header
   * @param context {@code struct __sk_buff} or its beginning, as the program is to see it; empty
   *     for the kernel's own. The kernel takes only some fields (mark, priority, ifindex, cb,
   *     tstamp, wire_len, gso_segs, gso_size, hwtstamp); ifindex must name a device that is there
   * @param repeat how often, at least once; the packet isn't restored between runs
   */
  public TestRun testRun(byte[] packet, byte[] context, int repeat) {
    if (packet.length < SMALLEST_PACKET) {
      throw new IllegalArgumentException("a packet has at least " + SMALLEST_PACKET + " bytes");
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment in = copy(arena, packet);
      MemorySegment out = arena.allocate(packet.length + PACKET_ROOM);
      BpfCall call =
          new BpfCall(arena)
              .setInt(0, fd())
              .setInt(8, packet.length)
              .setInt(12, (int) out.byteSize())
              .setPointer(16, in)
              .setPointer(24, out)
              .setInt(32, repeat);
      MemorySegment contextOut = arena.allocate(Math.max(1, context.length), 8);
      if (context.length > 0) {
        call.setInt(40, context.length)
            .setInt(44, context.length)
            .setPointer(48, copy(arena, context))
            .setPointer(56, contextOut);
      }
      call.check(BpfCall.PROG_TEST_RUN, "test-run " + this);
      return new TestRun(
          call.getInt(4),
          out.asSlice(0, call.getInt(12)).toArray(JAVA_BYTE),
          contextOut.asSlice(0, context.length).toArray(JAVA_BYTE),
          call.getInt(36));
    }
  }

  private static MemorySegment copy(Arena arena, byte[] bytes) {
    return arena.allocate(bytes.length, 8).copyFrom(MemorySegment.ofArray(bytes));
  }

  @Override
  public void close() {
    descriptor.close();
  }

  @Override
  public String toString() {
    return "program " + name + " (id " + id + ")";
  }
}
