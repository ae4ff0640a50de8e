package io.ovenet.operator;

import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.metrics.MetricsServer;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The operator's process. Ends with 0 when it was stopped, 1 when it lost the lead or could not
 * start, 2 for a wrong command line.
 */
public final class Main {
  private static final Logger LOG = LoggerFactory.getLogger(Main.class);
  private static final Duration TIDY = Duration.ofSeconds(3);

  private Main() {}

  public static void main(String[] args) throws InterruptedException {
    if (Arrays.asList(args).contains("--help")) {
      System.out.print(Options.HELP);
      return;
    }
    LogLine.install();
    Options options;
    try {
      options = Options.parse(args);
      // Refuses a size that the pool cannot have before anything is begun.
      LOG.info(
          "pool {} has {} prefixes of /{}",
          options.pool(),
          new PodCidrPool(options.pool(), options.maskSize()).size(),
          options.maskSize());
    } catch (IllegalArgumentException e) {
      System.err.println("ovenet operator: " + e.getMessage() + " (--help tells more)");
      System.exit(2);
      return;
    }
    System.exit(serve(options) ? 0 : 1);
  }

  private static boolean serve(Options options) throws InterruptedException {
    var metrics = new OperatorMetrics();
    var address = options.metrics();
    try (var api = KubernetesApi.open(options.kubeconfig());
        var _ = address == null ? null : new MetricsServer(address, List.of(metrics::write))) {
      var holder =
          InetAddress.getLocalHost().getHostName()
              + "_"
              + ProcessHandle.current().pid()
              + "_"
              + Long.toHexString(System.nanoTime());
      var operator = new Operator(api, options, holder, metrics, () -> System.exit(1));
      Runtime.getRuntime().addShutdownHook(new Thread(() -> operator.stop(TIDY), "stop"));
      return operator.run();
    } catch (IOException e) {
      LOG.error("cannot start: {}", e.getMessage());
      return false;
    }
  }
}
