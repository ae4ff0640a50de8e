package io.ovenet.datapath;

import io.ovenet.bpf.AttachMode;
import io.ovenet.bpf.BpfProgram;
import io.ovenet.bpf.TcAttachment;
import io.ovenet.bpf.TcDirection;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalInt;
import java.util.SortedMap;

/**
 * Programs on devices, by tcx or clsact. A tcx link is pinned at {@code links/IFINDEX-PROGRAM};
 * clsact needs no pin. A device may begin with clsact and go on with tcx: see {@link #settle}.
 * Calls come from a thread in the devices' network namespace. Thread-safe for different devices.
 */
final class Attachments {
  private static final Map<String, TcDirection> HOOKS =
      Map.of(
          "from_pod", TcDirection.INGRESS,
          "to_pod", TcDirection.EGRESS,
          "from_host", TcDirection.EGRESS,
          "from_overlay", TcDirection.INGRESS,
          "from_network", TcDirection.INGRESS);

  private final Path links;
  private final SortedMap<String, BpfProgram> programs;
  private final AttachMode first;
  private final AttachMode mode;

  /**
   * @param first what {@link #attach} takes for a device without programs
   * @param mode what {@link #settle} leaves
   */
  Attachments(
      Path directory, SortedMap<String, BpfProgram> programs, AttachMode first, AttachMode mode) {
    links = directory.resolve("links");
    this.programs = programs;
    this.first = first;
    this.mode = mode;
    try {
      Files.createDirectories(links);
    } catch (IOException e) {
      throw new UncheckedIOException("make " + links + " on a bpffs", e);
    }
  }

  /** Makes today's program the one that runs there, without a gap if another one did. */
  void attach(int ifindex, String program) {
    TcAttachment place = at(mode, ifindex, program);
    if (first != mode && place.programId().isEmpty()) {
      place = at(first, ifindex, program);
    }
    place.attach(program(program));
  }

  /** The same by the lasting mode alone, which may take the kernel a while. */
  void settle(int ifindex, String program) {
    at(mode, ifindex, program).attach(program(program));
    if (first != mode) {
      // Left by a process that was killed between the two.
      at(first, ifindex, program).detach();
    }
  }

  /** False if it wasn't there. */
  boolean detach(int ifindex, String program) {
    boolean detached = at(mode, ifindex, program).detach();
    return (first != mode && at(first, ifindex, program).detach()) || detached;
  }

  /** Whether today's program runs there. */
  boolean isAttached(int ifindex, String program) {
    return isAttached(mode, ifindex, program)
        || (first != mode
            && at(mode, ifindex, program).programId().isEmpty()
            && isAttached(first, ifindex, program));
  }

  /** Whether it runs there by the lasting mode. */
  boolean isSettled(int ifindex, String program) {
    return isAttached(mode, ifindex, program);
  }

  private boolean isAttached(AttachMode by, int ifindex, String program) {
    OptionalInt id = at(by, ifindex, program).programId();
    return id.isPresent() && id.getAsInt() == program(program).id();
  }

  private BpfProgram program(String name) {
    BpfProgram program = programs.get(name);
    if (program == null) {
      throw new IllegalArgumentException("no program " + name + " in " + programs.keySet());
    }
    return program;
  }

  private TcAttachment at(AttachMode by, int ifindex, String program) {
    TcDirection direction = HOOKS.get(program);
    if (direction == null) {
      throw new IllegalArgumentException("program " + program + " is for no device");
    }
    return TcAttachment.at(by, ifindex, direction, links.resolve(ifindex + "-" + program));
  }
}
