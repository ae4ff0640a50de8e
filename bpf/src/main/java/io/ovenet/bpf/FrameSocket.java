package io.ovenet.bpf;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Whole Ethernet frames of one device (AF_PACKET, packet(7)), of the network namespace of the
 * thread that opens it. For one thread at a time.
 */
public final class FrameSocket implements AutoCloseable {
  private static final int AF_PACKET = 17;
  private static final int SOCK_RAW_CLOEXEC = 3 | 0x80000;
  private static final int POLLIN = 1;
  private static final int BUFFER = 64 * 1024;

  private final Arena arena = Arena.ofShared();
  private final Descriptor descriptor;
  private final MemorySegment capture = Syscall.capture(arena);
  private final MemorySegment buffer = arena.allocate(BUFFER, 8);
  private final int ifindex;

  /**
   * A socket that sends on a device, and hears from it the frames of one protocol.
   *
   * @param etherType of what is received; 0: nothing
   */
  public FrameSocket(int ifindex, int etherType) {
    this.ifindex = ifindex;
    // Opened for nothing: bound to the device first, so that no other's frames get in between.
    long fd = Syscall.call(Syscall.SOCKET, AF_PACKET, SOCK_RAW_CLOEXEC, 0);
    if (fd < 0) {
      arena.close();
      throw new KernelException("open a packet socket", (int) -fd);
    }
    descriptor = new Descriptor((int) fd, "packet socket");
    // struct sockaddr_ll: family, protocol (be), ifindex, and what bind doesn't look at.
    MemorySegment address = arena.allocate(20, 4);
    address.set(JAVA_SHORT, 0, (short) AF_PACKET);
    address.set(JAVA_BYTE, 2, (byte) (etherType >> 8));
    address.set(JAVA_BYTE, 3, (byte) etherType);
    address.set(JAVA_INT, 4, ifindex);
    long bound = Syscall.call(capture, Syscall.BIND, fd, address.address(), 20);
    if (bound < 0) {
      close();
      throw new KernelException("bind a packet socket to device " + ifindex, (int) -bound);
    }
  }

  /** Sends a frame, its Ethernet header included. */
  public void send(byte[] frame) {
    MemorySegment.copy(frame, 0, buffer, JAVA_BYTE, 0, frame.length);
    long result;
    do {
      result =
          Syscall.call(
              capture, Syscall.SENDTO, descriptor.fd(), buffer.address(), frame.length, 0, 0, 0);
    } while (result == -Errno.EINTR);
    if (result < 0) {
      throw new KernelException(
          "send a frame of " + frame.length + " bytes on device " + ifindex, (int) -result);
    }
  }

  /** The next frame; null if none comes in time. */
  public byte @Nullable [] receive(Duration patience) {
    long deadline = System.nanoTime() + patience.toNanos();
    while (true) {
      long left = Math.max(0, deadline - System.nanoTime());
      MemorySegment poll = buffer.asSlice(0, 8); // struct pollfd: fd, events, revents
      poll.set(JAVA_INT, 0, descriptor.fd());
      poll.set(JAVA_INT, 4, POLLIN);
      MemorySegment timeout = buffer.asSlice(16, 16);
      timeout.set(JAVA_LONG, 0, left / 1_000_000_000);
      timeout.set(JAVA_LONG, 8, left % 1_000_000_000);
      long ready =
          Syscall.call(capture, Syscall.PPOLL, poll.address(), 1, timeout.address(), 0, 0, 0);
      if (ready == 0) {
        return null;
      }
      if (ready < 0 && ready != -Errno.EINTR) {
        throw new KernelException("wait for a frame on device " + ifindex, (int) -ready);
      }
      if (ready > 0) {
        return receive();
      }
    }
  }

  private byte[] receive() {
    long result;
    do {
      result =
          Syscall.call(
              capture, Syscall.RECVFROM, descriptor.fd(), buffer.address(), BUFFER, 0, 0, 0);
    } while (result == -Errno.EINTR);
    if (result < 0) {
      throw new KernelException("receive a frame on device " + ifindex, (int) -result);
    }
    return buffer.asSlice(0, result).toArray(JAVA_BYTE);
  }

  @Override
  public void close() {
    descriptor.close();
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
