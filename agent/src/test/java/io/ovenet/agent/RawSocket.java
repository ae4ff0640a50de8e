package io.ovenet.agent;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.net.Inet4Address;

/**
 * Sends packets of protocols that Java has no sockets for (raw(7)); the kernel makes the IP header.
 * Of the network namespace of the thread that opens it.
 */
final class RawSocket implements AutoCloseable {
  private static final Linker LINKER = Linker.nativeLinker();
  private static final MethodHandle SOCKET =
      handle("socket", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
  private static final MethodHandle SENDTO =
      handle(
          "sendto",
          FunctionDescriptor.of(
              JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT));
  private static final MethodHandle CLOSE =
      handle("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
  private static final int AF_INET = 2;
  private static final int SOCK_RAW = 3;
  private static final int SOCKADDR_IN = 16;

  private final int fd;

  RawSocket(int protocol) throws IOException {
    fd = (int) call(SOCKET, AF_INET, SOCK_RAW, protocol);
    if (fd < 0) {
      throw new IOException("no raw socket of protocol " + protocol);
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

  void send(Inet4Address to, byte[] payload) throws IOException {
    try (var arena = Arena.ofConfined()) {
      var address = arena.allocate(SOCKADDR_IN, 4);
      address.set(JAVA_BYTE, 0, (byte) AF_INET);
      MemorySegment.copy(to.getAddress(), 0, address, JAVA_BYTE, 4, 4);
      var bytes = arena.allocateFrom(JAVA_BYTE, payload);
      long sent = call(SENDTO, fd, bytes, (long) payload.length, 0, address, SOCKADDR_IN);
      if (sent != payload.length) {
        throw new IOException("sent " + sent + " of " + payload.length + " bytes");
      }
    }
  }

  @Override
  public void close() {
    call(CLOSE, fd);
  }
}
