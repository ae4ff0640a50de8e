package io.ovenet.bpf;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Memory shared with the kernel. */
final class Mapping {
  private static final int PROT_READ = 1;
  private static final int PROT_WRITE = 2;
  private static final int MAP_SHARED = 1;

  private Mapping() {}

  /** Maps a descriptor's pages; they are unmapped when the arena closes. */
  static MemorySegment map(
      Arena arena, int fd, long offset, long size, boolean writable, String operation) {
    int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
    long address = Syscall.call(Syscall.MMAP, 0, size, protection, MAP_SHARED, fd, offset);
    if (address < 0 && address > -4096) {
      throw new BpfException(operation, (int) -address);
    }
    MemorySegment segment =
        MemorySegment.ofAddress(address)
            .reinterpret(size, arena, s -> Syscall.call(Syscall.MUNMAP, address, size));
    return writable ? segment : segment.asReadOnly();
  }
}
