package io.ovenet.bpf;

import java.nio.file.Path;
import java.util.OptionalInt;

/**
 * A place for one program at a device's tc hook, by tcx or clsact alike: the program stays there
 * when this process ends, and is replaced without a gap. The device is one of the calling thread's
 * network namespace. Holds nothing open; thread-safe but for two threads at the same place.
 */
public sealed interface TcAttachment permits TcxAttachment, ClsactAttachment {
  /**
   * The place in the mode of {@link AttachMode#select}.
   *
   * @param pin where a tcx link is pinned; its directory is on a bpffs and exists
   */
  static TcAttachment at(int ifindex, TcDirection direction, Path pin) {
    return at(AttachMode.select(), ifindex, direction, pin);
  }

  /** The place in a given mode. */
  static TcAttachment at(AttachMode mode, int ifindex, TcDirection direction, Path pin) {
    return switch (mode) {
      case TCX -> new TcxAttachment(ifindex, direction, pin);
      case CLSACT -> new ClsactAttachment(ifindex, direction, pin);
    };
  }

  /**
   * Makes the program the one that runs here, whatever was before. What the other mode left at this
   * place is taken away after that. ENODEV if there is no such device.
   */
  void attach(BpfProgram program);

  /** The kernel's number of the program that runs here, or empty if none does. */
  OptionalInt programId();

  /** Takes the program away; false if there was none. */
  boolean detach();
}
