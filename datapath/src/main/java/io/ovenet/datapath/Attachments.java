package io.ovenet.datapath;

import io.ovenet.bpf.AttachType;
import io.ovenet.bpf.BpfLink;
import io.ovenet.bpf.BpfProgram;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Programs on devices, each by a link that is pinned under {@code links/IFINDEX-PROGRAM}. Calls
 * come from a thread in the devices' network namespace. Thread-safe.
 */
final class Attachments {
  private static final Map<String, AttachType> HOOKS =
      Map.of(
          "from_pod", AttachType.TCX_INGRESS,
          "to_pod", AttachType.TCX_EGRESS,
          "from_host", AttachType.TCX_EGRESS);

  /** How programs are held at a device. */
  enum Way {
    TCX,
    CLSACT;

    /** By system property {@code ovenet.attach} where set, else the best that the kernel has. */
    static Way chosen() {
      return TCX;
    }
  }

  private final Path links;
  private final SortedMap<String, BpfProgram> programs;

  Attachments(Path directory, SortedMap<String, BpfProgram> programs, Way way) {
    links = directory.resolve("links");
    this.programs = programs;
    try {
      Files.createDirectories(links);
    } catch (IOException e) {
      throw new UncheckedIOException("make " + links + " on a bpffs", e);
    }
  }

  /**
   * Puts today's programs in the place of those that are attached; forgets devices that are gone.
   */
  synchronized void adopt() {
    for (Pin pin : pins()) {
      try (BpfLink link = BpfLink.openPinned(pin.path)) {
        if (link.describe().ifindex() != pin.ifindex) {
          delete(pin.path);
        } else {
          link.update(program(pin.program));
        }
      }
    }
  }

  synchronized void attach(int ifindex, String program) {
    Path path = path(ifindex, program);
    try (BpfLink pinned = BpfLink.openPinnedIfPresent(path)) {
      if (pinned != null && pinned.describe().ifindex() == ifindex) {
        return; // adopted, or attached before
      }
      if (pinned != null) {
        delete(path);
      }
    }
    AttachType hook = HOOKS.get(program);
    if (hook == null) {
      throw new IllegalArgumentException("program " + program + " has no hook");
    }
    try (BpfLink link = BpfLink.attachDevice(program(program), ifindex, hook)) {
      link.pin(path);
    }
  }

  synchronized void detach(int ifindex) {
    for (Pin pin : pins()) {
      if (pin.ifindex == ifindex) {
        detach(ifindex, pin.program);
      }
    }
  }

  synchronized void detach(int ifindex, String program) {
    Path path = path(ifindex, program);
    try (BpfLink link = BpfLink.openPinnedIfPresent(path)) {
      if (link != null) {
        link.detach();
        delete(path);
      }
    }
  }

  synchronized List<Integer> ifindexes() {
    var found = new TreeSet<Integer>();
    for (Pin pin : pins()) {
      found.add(pin.ifindex);
    }
    return List.copyOf(found);
  }

  private record Pin(Path path, int ifindex, String program) {
    /** Null for a name that is not ours. */
    static @Nullable Pin of(Path path) {
      String name = path.getFileName().toString();
      int dash = name.indexOf('-');
      if (dash < 1 || !HOOKS.containsKey(name.substring(dash + 1))) {
        return null;
      }
      try {
        return new Pin(path, Integer.parseInt(name.substring(0, dash)), name.substring(dash + 1));
      } catch (NumberFormatException e) {
        return null;
      }
    }
  }

  private List<Pin> pins() {
    List<Pin> found = new ArrayList<>();
    try (Stream<Path> files = Files.list(links)) {
      for (Path file : (Iterable<Path>) files.sorted()::iterator) {
        Pin pin = Pin.of(file);
        if (pin != null) {
          found.add(pin);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("list the links pinned in " + links, e);
    }
    return found;
  }

  private BpfProgram program(String name) {
    BpfProgram program = programs.get(name);
    if (program == null) {
      throw new IllegalArgumentException("no program " + name);
    }
    return program;
  }

  private Path path(int ifindex, String program) {
    return links.resolve(ifindex + "-" + program);
  }

  private static void delete(Path pin) {
    try {
      Files.delete(pin);
    } catch (IOException e) {
      throw new UncheckedIOException("remove the pin " + pin, e);
    }
  }
}
