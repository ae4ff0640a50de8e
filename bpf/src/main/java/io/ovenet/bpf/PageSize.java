package io.ovenet.bpf;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;

/** The kernel's page size: 4 KiB on x86-64, up to 64 KiB on aarch64. */
final class PageSize {
  static final int BYTES = read();

  private PageSize() {}

  private static int read() {
    Linker linker = Linker.nativeLinker();
    try {
      return (int)
          linker
              .downcallHandle(
                  linker.defaultLookup().findOrThrow("getpagesize"),
                  FunctionDescriptor.of(JAVA_INT))
              .invokeExact();
    } catch (Throwable t) {
      throw new LinkageError("getpagesize(3) could not be called", t);
    }
  }
}
