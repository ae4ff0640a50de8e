package io.ovenet.bench;

import io.ovenet.bpf.BpfObject;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Objects;

/** The programs that the product's own are compared with. */
final class Limits {
  private Limits() {}

  static BpfObject load() {
    try (InputStream object = Limits.class.getResourceAsStream("limits.bpf.o")) {
      return BpfObject.open("limits", Objects.requireNonNull(object).readAllBytes()).load();
    } catch (IOException failure) {
      throw new UncheckedIOException("read limits.bpf.o", failure);
    }
  }
}
