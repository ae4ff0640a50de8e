package io.ovenet.bpf;

import java.util.concurrent.atomic.AtomicInteger;

/** Owns a file descriptor: closed once, refused afterwards, so that no reused number is hit. */
final class Descriptor implements AutoCloseable {
  private final AtomicInteger fd;
  private final String owner;

  Descriptor(int fd, String owner) {
    this.fd = new AtomicInteger(fd);
    this.owner = owner;
  }

  int fd() {
    int number = fd.get();
    if (number < 0) {
      throw new IllegalStateException(owner + " is closed");
    }
    return number;
  }

  @Override
  public void close() {
    int number = fd.getAndSet(-1);
    if (number >= 0) {
      Syscall.close(number);
    }
  }
}
