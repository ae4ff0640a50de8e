package io.ovenet.cli.doctor;

import io.ovenet.bpf.KernelFeature;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Looks at this machine: nothing is inferred from a version, everything is tried. */
final class Machine {
  private static final long ENOUGH_MEMORY = 2L << 30;
  private static final long ENOUGH_DISK = 2L << 30;

  private Machine() {}

  static List<Finding> findings(Path home) throws IOException, InterruptedException {
    List<Finding> findings = new ArrayList<>();
    for (KernelFeature feature : KernelFeature.values()) {
      KernelFeature.Probe probe = feature.probe();
      String detail =
          probe.present() ? feature.purpose() : feature.purpose() + ": " + probe.detail();
      findings.add(
          new Finding(
              "kernel",
              feature.name().toLowerCase(Locale.ROOT),
              probe.present(),
              feature.required(),
              detail,
              feature.remedy()));
    }
    findings.addAll(tools(home));
    findings.addAll(limits());
    return findings;
  }

  /** The launcher knows what is needed, since it installs it. */
  private static List<Finding> tools(Path home) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(home.resolve("ovenet").toString(), "list-needed").start();
    List<Finding> findings = new ArrayList<>();
    for (String line : process.inputReader().readAllLines()) {
      String[] fields = line.split("\\|", -1);
      if (fields.length != 4) {
        throw new IOException("the launcher's list-needed says: " + line);
      }
      boolean present = fields[0].equals("present");
      findings.add(
          new Finding(
              "tools", fields[2], present, true, fields[3], "apt-get install " + fields[2]));
    }
    if (process.waitFor() != 0) {
      throw new IOException("the launcher's list-needed ended with " + process.exitValue());
    }
    return findings;
  }

  private static List<Finding> limits() throws IOException {
    List<Finding> findings = new ArrayList<>();
    boolean root = ProcessHandle.current().info().user().orElse("").equals("root");
    findings.add(
        new Finding(
            "limits",
            "root",
            root,
            true,
            root ? "yes" : "no",
            "run as root: namespaces and eBPF need it"));
    long memory = memoryAvailable();
    findings.add(
        new Finding(
            "limits",
            "memory",
            memory >= ENOUGH_MEMORY,
            false,
            gib(memory) + " available",
            "a lab with a virtual machine takes about 2 GiB"));
    FileStore disk = Files.getFileStore(Path.of("/var"));
    findings.add(
        new Finding(
            "limits",
            "disk",
            disk.getUsableSpace() >= ENOUGH_DISK,
            false,
            gib(disk.getUsableSpace()) + " free under /var",
            "the lab's store, guests' kernels and the build take about 2 GiB"));
    boolean cgroup = Files.readString(Path.of("/proc/self/mounts")).contains(" cgroup2 ");
    findings.add(
        new Finding(
            "limits",
            "cgroup2",
            cgroup,
            true,
            cgroup ? "mounted" : "not mounted",
            "mount -t cgroup2 none /sys/fs/cgroup/unified"));
    return findings;
  }

  private static long memoryAvailable() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/meminfo"))) {
      if (line.startsWith("MemAvailable:")) {
        return Long.parseLong(line.replaceAll("\\D", "")) << 10;
      }
    }
    throw new IOException("/proc/meminfo has no MemAvailable");
  }

  private static String gib(long bytes) {
    return "%.1f GiB".formatted(bytes / (double) (1 << 30));
  }
}
