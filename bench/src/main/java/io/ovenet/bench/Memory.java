package io.ovenet.bench;

import java.io.IOException;

/** What a node's agent holds; bytes in MiB. */
record Memory(BenchNode node) {
  /**
   * At one moment.
   *
   * @param resident of the process
   * @param charged by its control group: anonymous memory, kernel memory with the maps, file cache
   * @param workingSet the same without the file cache that the kernel would give up first
   */
  record Now(long resident, long charged, long workingSet) {
    @Override
    public String toString() {
      return "resident %d MiB, with maps by its control group %d MiB (working set %d MiB)"
          .formatted(resident, charged, workingSet);
    }
  }

  Now now() throws IOException {
    long charged = node.groups().charged();
    return new Now(
        node.resident() >> 20, charged >> 20, (charged - node.groups().inactiveFile()) >> 20);
  }
}
