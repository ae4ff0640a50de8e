package io.ovenet.cli.sysdump;

import io.ovenet.bpf.KernelFeature;
import io.ovenet.cli.UsualCluster;
import io.ovenet.cli.Version;
import io.ovenet.cli.node.NodeAgent;
import io.ovenet.cli.node.NodeOptions;
import io.ovenet.kubernetes.KubernetesApi;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ovenet sysdump}. */
@Command(
    name = "sysdump",
    description = {
      "Puts into one archive what somebody elsewhere needs to find out what is wrong: how the nodes"
          + " are, their tables by names, their agents' logs, and the cluster's objects without what"
          + " may be secret. Of a node whose agent does not answer, the kernel's maps.",
      "`ovenet status`, `service`, `endpoint`, `ct`, … and `policy` read it with -f."
    },
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:all is in it",
      "1:something could not be had, as failures.txt says, or the archive could not be written",
      "2:wrong arguments"
    })
public final class SysdumpCommand implements Callable<Integer> {
  private static final DateTimeFormatter NAME = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss");

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = "The archive. Default: ovenet-sysdump-DATE-TIME.zip.")
  private @Nullable Path output;

  @Option(
      names = "--kubeconfig",
      paramLabel = "FILE",
      description =
          "The cluster whose objects are kept. By default that of KUBECONFIG, else the running lab,"
              + " else ~/.kube/config.")
  private @Nullable Path kubeconfig;

  @Mixin private NodeOptions nodes = new NodeOptions();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    Path file =
        output != null
            ? output
            : Path.of(
                "ovenet-sysdump-"
                    + LocalDateTime.now(ZoneId.systemDefault()).format(NAME)
                    + ".zip");
    PrintWriter progress = spec.commandLine().getErr();
    Path unfinished = file.resolveSibling(file.getFileName() + ".part");
    int failures;
    try {
      Files.deleteIfExists(unfinished);
      Files.createFile(
          unfinished,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      failures = write(unfinished, progress);
      Files.move(unfinished, file, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(unfinished);
    }
    PrintWriter out = spec.commandLine().getOut();
    out.println(file + ", " + Files.size(file) / 1024 + " KiB");
    if (failures > 0) {
      progress.println(
          failures
              + (failures == 1 ? " thing" : " things")
              + " could not be had: failures.txt in it says what and why");
    }
    out.flush();
    progress.flush();
    return failures == 0 ? 0 : 1;
  }

  /** What the kernel can, tried. */
  private static String features() {
    var text = new StringBuilder();
    for (var feature : KernelFeature.values()) {
      var probe = feature.probe();
      text.append(feature.name().toLowerCase(Locale.ROOT))
          .append(": ")
          .append(probe.present() ? "there" : "missing, " + probe.detail())
          .append('\n');
    }
    return text.toString();
  }

  private int write(Path file, PrintWriter progress) throws IOException {
    try (var dump = new Sysdump(Files.newOutputStream(file), progress)) {
      dump.machine(
          String.join("\n", new Version().getVersion())
              + "\nkernel "
              + System.getProperty("os.version")
              + "\n"
              + features());
      for (NodeAgent agent : nodes.agents()) {
        dump.node(agent);
      }
      try (var api =
          KubernetesApi.open(
              kubeconfig != null
                  ? kubeconfig
                  : UsualCluster.kubeconfig(
                      System.getenv(), System.getProperty("user.home", "/root")))) {
        dump.cluster(api);
      } catch (IOException e) {
        dump.withoutCluster(e);
      }
      return dump.failures();
    }
  }
}
