package io.ovenet.bpf;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;

/** By a pinned tcx link. */
record TcxAttachment(int ifindex, TcDirection direction, Path pin) implements TcAttachment {
  @Override
  public void attach(BpfProgram program) {
    try (BpfLink link = BpfLink.openPinnedIfPresent(pin)) {
      if (link != null) {
        BpfLink.Description now = link.describe();
        if (holds(now)) {
          if (now.programId() != program.id()) {
            link.update(program);
          }
          return;
        }
        // The device went away (the link is dead) and perhaps its index was used again.
        removePin(pin);
      }
    }
    try (BpfLink link = BpfLink.attachDevice(program, ifindex, type())) {
      try {
        link.pin(pin);
      } catch (RuntimeException e) {
        link.detach();
        throw e;
      }
    }
    try (Netlink netlink = Netlink.open()) {
      netlink.tcFilters().detach(ifindex, direction);
    }
  }

  private AttachType type() {
    return switch (direction) {
      case INGRESS -> AttachType.TCX_INGRESS;
      case EGRESS -> AttachType.TCX_EGRESS;
    };
  }

  private boolean holds(BpfLink.Description link) {
    return link.ifindex() == ifindex && link.attachType() == type().number;
  }

  @Override
  public OptionalInt programId() {
    try (BpfLink link = BpfLink.openPinnedIfPresent(pin)) {
      if (link == null) {
        return OptionalInt.empty();
      }
      BpfLink.Description now = link.describe();
      return holds(now) ? OptionalInt.of(now.programId()) : OptionalInt.empty();
    }
  }

  @Override
  public boolean detach() {
    return removeLink(pin);
  }

  /** Detaches what is pinned there and removes the pin; false if nothing was. */
  static boolean removeLink(Path pin) {
    try (BpfLink link = BpfLink.openPinnedIfPresent(pin)) {
      if (link == null) {
        return false;
      }
      boolean attached = link.describe().ifindex() != 0;
      if (attached) {
        try {
          link.detach();
        } catch (BpfException e) {
          if (e.errno() != Errno.ENOLINK) { // the device went away meanwhile
            throw e;
          }
        }
      }
      removePin(pin);
      return attached;
    }
  }

  private static void removePin(Path pin) {
    try {
      Files.deleteIfExists(pin);
    } catch (IOException e) {
      throw new UncheckedIOException("remove the pin " + pin, e);
    }
  }
}
