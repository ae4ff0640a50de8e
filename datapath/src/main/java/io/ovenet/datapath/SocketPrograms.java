package io.ovenet.datapath;

import io.ovenet.bpf.AttachType;
import io.ovenet.bpf.BpfLink;
import io.ovenet.bpf.BpfMap;
import io.ovenet.bpf.BpfObject;
import io.ovenet.bpf.BpfProgram;
import io.ovenet.bpf.KernelFeature;
import io.ovenet.bpf.NetworkNamespace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The programs that connect sockets to a service's backends, for the processes of a cgroup2
 * directory and all below it. They share the maps of the {@link Datapath} of the same directory,
 * and stay attached when this object is closed or its process killed.
 *
 * <p>Pins: {@code links/socket-PROGRAM} and the map {@code maps/socket_map} below the directory.
 * Thread-safe, but for {@link #close}; one at a time for a directory.
 */
public final class SocketPrograms implements AutoCloseable {
  private static final String OBJECT = "socket.bpf.o";

  /** In the order of attaching: answers are understood before anything is translated. */
  private enum Hook {
    RECVMSG4(AttachType.CGROUP_UDP4_RECVMSG),
    RECVMSG6(AttachType.CGROUP_UDP6_RECVMSG),
    GETPEERNAME4(AttachType.CGROUP_INET4_GETPEERNAME),
    GETPEERNAME6(AttachType.CGROUP_INET6_GETPEERNAME),
    SENDMSG4(AttachType.CGROUP_UDP4_SENDMSG),
    CONNECT4(AttachType.CGROUP_INET4_CONNECT),
    CONNECT6(AttachType.CGROUP_INET6_CONNECT);

    private final AttachType type;

    Hook(AttachType type) {
      this.type = type;
    }

    /** The program's name in C. */
    private String program() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private final Path links;
  private final SortedMap<String, BpfProgram> programs = new TreeMap<>();
  private final List<BpfMap> maps = new ArrayList<>();

  /**
   * Loads the programs.
   *
   * @param directory of a {@link Datapath} that is there
   * @throws io.ovenet.bpf.BpfException if the kernel refuses, with the verifier's log
   */
  public static SocketPrograms open(Path directory) {
    return new SocketPrograms(directory);
  }

  private SocketPrograms(Path directory) {
    links = directory.resolve("links");
    try (BpfObject object = BpfObject.open("ovenet_socket", Datapath.bytes(OBJECT))) {
      try (NetworkNamespace node = NetworkNamespace.current()) {
        object.setConstant("node_cookie", node.cookie());
      }
      object.setConstant("can_set_error", KernelFeature.SOCKET_ERROR.probe().present() ? 1 : 0);
      Path pins = directory.resolve("maps");
      for (String map : object.maps().keySet()) {
        object.setPin(map, pins.resolve(map));
      }
      try (BpfMap ipcache = BpfMap.openPinned(pins.resolve("ipcache"))) {
        object.setMaxEntries("ipcache", ipcache.maxEntries());
      }
      object.load();
      for (String map : object.maps().keySet()) {
        maps.add(object.map(map));
      }
      for (String program : object.programs()) {
        programs.put(program, object.program(program));
      }
      Files.createDirectories(links);
    } catch (IOException e) {
      close();
      throw new UncheckedIOException("make " + links + " on a bpffs", e);
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /**
   * Attaches the programs to a directory of cgroup2. Where older ones of ours run, these take their
   * place without a gap; those at another directory go.
   */
  public void attach(Path cgroup) {
    long id = inode(cgroup);
    for (Hook hook : Hook.values()) {
      attach(hook, cgroup, id);
    }
  }

  private void attach(Hook hook, Path cgroup, long id) {
    BpfProgram program = program(hook);
    try (BpfLink link = BpfLink.openPinnedIfPresent(pin(hook))) {
      if (link != null && link.cgroupId() == id) {
        link.update(program);
        return;
      }
    }
    detach(hook);
    try (BpfLink link = BpfLink.attachCgroup(program, cgroup, hook.type)) {
      link.pin(pin(hook));
    }
  }

  /** Whether all programs run at that directory, and are those of this object. */
  public boolean isAttached(Path cgroup) {
    long id = inode(cgroup);
    for (Hook hook : Hook.values()) {
      try (BpfLink link = BpfLink.openPinnedIfPresent(pin(hook))) {
        if (link == null
            || link.cgroupId() != id
            || link.describe().programId() != program(hook).id()) {
          return false;
        }
      }
    }
    return true;
  }

  /**
   * What sockets called that have spoken with backends so far; empty where the programs never ran.
   *
   * @param directory of the datapath's pins
   */
  public static Map<SocketKey, SocketFrontend> calls(Path directory) {
    Map<SocketKey, SocketFrontend> calls = new HashMap<>();
    try (BpfMap map = BpfMap.openPinnedIfPresent(directory.resolve("maps/socket_map"))) {
      if (map != null) {
        new MapTable<>(map, SocketKey.CODEC, SocketFrontend.CODEC).forEach(calls::put);
      }
    }
    return calls;
  }

  /** Takes the programs off, wherever they are; no error if they are nowhere. */
  public void detach() {
    for (Hook hook : Hook.values()) {
      detach(hook);
    }
  }

  private void detach(Hook hook) {
    try (BpfLink link = BpfLink.openPinnedIfPresent(pin(hook))) {
      if (link != null) {
        link.detach();
        Files.delete(pin(hook));
      }
    } catch (IOException e) {
      throw new UncheckedIOException("remove the pin " + pin(hook), e);
    }
  }

  private Path pin(Hook hook) {
    return links.resolve("socket-" + hook.program());
  }

  private BpfProgram program(Hook hook) {
    BpfProgram program = programs.get(hook.program());
    if (program == null) {
      throw new IllegalStateException("no program " + hook.program() + " in " + programs.keySet());
    }
    return program;
  }

  private static long inode(Path directory) {
    try {
      return ((Number) Files.getAttribute(directory, "unix:ino")).longValue();
    } catch (IOException e) {
      throw new UncheckedIOException("find the cgroup2 directory " + directory, e);
    }
  }

  /** Gives back descriptors. What is pinned and attached stays. */
  @Override
  public void close() {
    programs.values().forEach(BpfProgram::close);
    maps.forEach(BpfMap::close);
  }
}
