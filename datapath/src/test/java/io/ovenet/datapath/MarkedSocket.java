package io.ovenet.datapath;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.net.InetAddress;
import java.nio.ByteOrder;

/** A UDP socket whose packets have a mark (SO_MARK), of the calling thread's network namespace. */
final class MarkedSocket implements AutoCloseable {
  private static final Linker LINKER = Linker.nativeLinker();
  private static final MethodHandle SOCKET =
      handle("socket", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
  private static final MethodHandle SETSOCKOPT =
      handle(
          "setsockopt",
          FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
  private static final MethodHandle SENDTO =
      handle(
          "sendto",
          FunctionDescriptor.of(
              JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT));
  private static final MethodHandle CLOSE =
      handle("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
  private static final int AF_INET = 2;
  private static final int SOCK_DGRAM = 2;
  private static final int SOL_SOCKET = 1;
  private static final int SO_MARK = 36;
  private static final int SOCKADDR_IN = 16;

  private final int fd;

  MarkedSocket(int mark) throws IOException {
    fd = (int) call(SOCKET, AF_INET, SOCK_DGRAM, 0);
    if (fd < 0) {
      throw new IOException("no UDP socket");
    }
    try (var arena = Arena.ofConfined()) {
      if (call(SETSOCKOPT, fd, SOL_SOCKET, SO_MARK, arena.allocateFrom(JAVA_INT, mark), 4) != 0) {
        close();
        throw new IOException("no SO_MARK");
      }
    }
  }

  private static MethodHandle handle(String name, FunctionDescriptor type) {
    return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), type);
  }

  private static long call(MethodHandle handle, Object... arguments) {
    try {
      return ((Number) handle.invokeWithArguments(arguments)).longValue();
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  void send(InetAddress to, int port) throws IOException {
    try (var arena = Arena.ofConfined()) {
      var address = arena.allocate(SOCKADDR_IN, 4);
      address.set(JAVA_SHORT, 0, (short) AF_INET);
      address.set(JAVA_SHORT.withOrder(ByteOrder.BIG_ENDIAN), 2, (short) port);
      MemorySegment.copy(to.getAddress(), 0, address, JAVA_BYTE, 4, 4);
      if (call(SENDTO, fd, arena.allocate(8), 8L, 0, address, SOCKADDR_IN) != 8) {
        throw new IOException("not sent to " + to);
      }
    }
  }

  @Override
  public void close() {
    call(CLOSE, fd);
  }
}
