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
 * clsact needs no pin. Calls come from a thread in the devices' network namespace. Thread-safe.
 */
final class Attachments {
  private static final Map<String, TcDirection> HOOKS =
      Map.of(
          "from_pod", TcDirection.INGRESS,
          "to_pod", TcDirection.EGRESS,
          "from_host", TcDirection.EGRESS);

  private final Path links;
  private final SortedMap<String, BpfProgram> programs;
  private final AttachMode mode;

  Attachments(Path directory, SortedMap<String, BpfProgram> programs, AttachMode mode) {
    links = directory.resolve("links");
    this.programs = programs;
    this.mode = mode;
    try {
      Files.createDirectories(links);
    } catch (IOException e) {
      throw new UncheckedIOException("make " + links + " on a bpffs", e);
    }
  }

  /** Makes today's program the one that runs there, without a gap if another one did. */
  synchronized void attach(int ifindex, String program) {
    BpfProgram attached = programs.get(program);
    if (attached == null) {
      throw new IllegalArgumentException("no program " + program + " in " + programs.keySet());
    }
    at(ifindex, program).attach(attached);
  }

  /** False if it wasn't there. */
  synchronized boolean detach(int ifindex, String program) {
    return at(ifindex, program).detach();
  }

  /** Whether today's program runs there. */
  synchronized boolean isAttached(int ifindex, String program) {
    OptionalInt id = at(ifindex, program).programId();
    BpfProgram wanted = programs.get(program);
    return wanted != null && id.isPresent() && id.getAsInt() == wanted.id();
  }

  private TcAttachment at(int ifindex, String program) {
    TcDirection direction = HOOKS.get(program);
    if (direction == null) {
      throw new IllegalArgumentException("program " + program + " is for no device");
    }
    return TcAttachment.at(mode, ifindex, direction, links.resolve(ifindex + "-" + program));
  }
}
