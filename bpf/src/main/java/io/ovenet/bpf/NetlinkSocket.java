package io.ovenet.bpf;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A raw netlink socket, of the network namespace in which it was opened. One request is under way
 * at a time; thread-safe.
 */
final class NetlinkSocket implements AutoCloseable {
  private static final int AF_NETLINK = 16;
  private static final int SOCK_RAW_CLOEXEC = 3 | 0x80000;
  private static final int SOL_NETLINK = 270;
  private static final int NETLINK_CAP_ACK = 10;
  private static final int NETLINK_EXT_ACK = 11;
  private static final int NETLINK_GET_STRICT_CHK = 12;
  private static final int NLMSG_ERROR = 2;
  private static final int NLMSG_DONE = 3;
  private static final int DUMP_INTERRUPTED = 0x10;
  private static final int CAPPED = 0x100;
  private static final int ACK_ATTRIBUTES = 0x200;
  private static final int MSG_TRUNC = 0x20;
  private static final int DUMP_ATTEMPTS = 20;

  /** The kernel fills at most 32 KiB of a dump at once. */
  private static final int BUFFER = 64 * 1024;

  private final Arena arena = Arena.ofShared();
  private final Descriptor descriptor;
  private final MemorySegment capture = Syscall.capture(arena);
  private final MemorySegment buffer = arena.allocate(BUFFER, 8);
  private final ReentrantLock lock = new ReentrantLock();
  private int sequence;

  /** Of NETLINK_ROUTE. */
  NetlinkSocket() {
    this(0);
  }

  /** Of a protocol of AF_NETLINK. */
  NetlinkSocket(int protocol) {
    long fd = Syscall.call(Syscall.SOCKET, AF_NETLINK, SOCK_RAW_CLOEXEC, protocol);
    if (fd < 0) {
      arena.close();
      throw new KernelException("open a netlink socket", (int) -fd);
    }
    descriptor = new Descriptor((int) fd, "netlink socket");
    try {
      option(NETLINK_CAP_ACK);
      option(NETLINK_EXT_ACK);
      option(NETLINK_GET_STRICT_CHK);
      MemorySegment address = arena.allocate(12, 4); // struct sockaddr_nl: family, port 0, groups 0
      address.set(JAVA_SHORT, 0, (short) AF_NETLINK);
      long bound = Syscall.call(capture, Syscall.BIND, fd, address.address(), 12);
      if (bound < 0) {
        throw new KernelException("bind a netlink socket", (int) -bound);
      }
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private void option(int option) {
    buffer.set(JAVA_INT, 0, 1);
    long result =
        Syscall.call(
            capture,
            Syscall.SETSOCKOPT,
            descriptor.fd(),
            SOL_NETLINK,
            option,
            buffer.address(),
            4,
            0);
    if (result < 0) {
      throw new KernelException("set netlink option " + option, (int) -result);
    }
  }

  /** Sends a request and waits for its acknowledgement. */
  void request(NetlinkMessage message, String operation) {
    get(message, 0, operation);
  }

  /** Sends a request; what comes back before its acknowledgement. */
  List<NetlinkReply> get(NetlinkMessage message, int headerSize, String operation) {
    message.addFlags(NetlinkMessage.ACK);
    lock.lock();
    try {
      List<NetlinkReply> replies = new ArrayList<>();
      exchange(message, headerSize, operation, replies);
      return replies;
    } finally {
      lock.unlock();
    }
  }

  /** All objects that a dump yields; taken again when something changed while it ran. */
  List<NetlinkReply> dump(NetlinkMessage message, int headerSize, String operation) {
    message.addFlags(NetlinkMessage.DUMP);
    lock.lock();
    try {
      for (int attempt = 0; attempt < DUMP_ATTEMPTS; attempt++) {
        List<NetlinkReply> replies = new ArrayList<>();
        if (exchange(message, headerSize, operation, replies)) {
          return replies;
        }
      }
      throw new NetlinkException(
          operation, Errno.EAGAIN, "it changed during each of " + DUMP_ATTEMPTS + " attempts");
    } finally {
      lock.unlock();
    }
  }

  /** False if a dump was interrupted by a change. */
  private boolean exchange(
      NetlinkMessage message, int headerSize, String operation, List<NetlinkReply> replies) {
    int mine = ++sequence;
    send(message.bytes(mine), operation);
    boolean whole = true;
    while (true) {
      ByteBuffer received = receive(operation);
      int at = 0;
      while (at + NetlinkMessage.HEADER <= received.limit()) {
        int length = received.getInt(at);
        if (length < NetlinkMessage.HEADER || at + length > received.limit()) {
          throw new NetlinkException(operation, Errno.EINVAL, "a reply is cut off");
        }
        int type = Short.toUnsignedInt(received.getShort(at + 4));
        int flags = Short.toUnsignedInt(received.getShort(at + 6));
        if (received.getInt(at + 8) == mine) {
          ByteBuffer payload = slice(received, at + 16, length - 16);
          whole &= (flags & DUMP_INTERRUPTED) == 0;
          if (type == NLMSG_ERROR || type == NLMSG_DONE) {
            check(type, flags, payload, operation);
            return whole;
          }
          replies.add(new NetlinkReply(type, copy(payload), headerSize));
        }
        at += (length + 3) & ~3;
      }
    }
  }

  private static void check(int type, int flags, ByteBuffer payload, String operation) {
    int error = payload.limit() >= 4 ? payload.getInt(0) : 0;
    if (error == 0) {
      return;
    }
    String text = "";
    if ((flags & ACK_ATTRIBUTES) != 0) {
      int skip = 4;
      if (type == NLMSG_ERROR) {
        skip += (flags & CAPPED) != 0 ? 16 : (payload.getInt(4) + 3) & ~3;
      }
      ByteBuffer message = NetlinkReply.parse(slice(payload, skip, payload.limit() - skip)).get(1);
      text = message == null ? "" : NetlinkReply.string(message);
    }
    throw new NetlinkException(operation, -error, text);
  }

  private void send(byte[] bytes, String operation) {
    MemorySegment.copy(bytes, 0, buffer, JAVA_BYTE, 0, bytes.length);
    long result;
    do {
      result =
          Syscall.call(
              capture, Syscall.SENDTO, descriptor.fd(), buffer.address(), bytes.length, 0, 0, 0);
    } while (result == -Errno.EINTR);
    if (result < 0) {
      throw new NetlinkException(operation, (int) -result, "the request could not be sent");
    }
  }

  private ByteBuffer receive(String operation) {
    long result;
    do {
      result =
          Syscall.call(
              capture,
              Syscall.RECVFROM,
              descriptor.fd(),
              buffer.address(),
              BUFFER,
              MSG_TRUNC,
              0,
              0);
    } while (result == -Errno.EINTR);
    if (result < 0) {
      throw new NetlinkException(operation, (int) -result, "no answer could be received");
    }
    if (result > BUFFER) {
      throw new NetlinkException(operation, Errno.ENOBUFS, "an answer of " + result + " bytes");
    }
    return buffer.asSlice(0, result).asByteBuffer().order(ByteOrder.nativeOrder());
  }

  private static ByteBuffer slice(ByteBuffer from, int offset, int length) {
    return from.slice(offset, length).order(ByteOrder.nativeOrder());
  }

  /** The receive buffer is used again for the next datagram. */
  private static ByteBuffer copy(ByteBuffer payload) {
    return ByteBuffer.allocate(payload.limit())
        .put(payload.duplicate())
        .flip()
        .order(ByteOrder.nativeOrder());
  }

  @Override
  public void close() {
    lock.lock();
    try {
      descriptor.close();
      if (arena.scope().isAlive()) {
        arena.close();
      }
    } finally {
      lock.unlock();
    }
  }
}
