package io.ovenet.bpf;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Set;

/** The object that src/test/c compiles to. */
final class TestObject {
  static final String[] PROGRAMS = {
    "return_constant", "write_ring", "change_packet", "pass", "drop", "unverifiable", "use_maps"
  };

  /** A packet that test-run accepts. */
  static final byte[] PACKET = new byte[64];

  private TestObject() {}

  static byte[] bytes() {
    try (InputStream in = TestObject.class.getResourceAsStream("kernel.bpf.o")) {
      if (in == null) {
        throw new IllegalStateException("kernel.bpf.o was not compiled");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Opened, with only these programs to be loaded. */
  static BpfObject open(String... programs) {
    BpfObject object = BpfObject.open("kernel", bytes());
    Set<String> wanted = Set.of(programs);
    for (String program : PROGRAMS) {
      object.setAutoload(program, wanted.contains(program));
    }
    return object;
  }
}
