package io.ovenet.agent;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code ovenet agent}: the agent of one node. */
public final class Main {
  private static final Logger log = LoggerFactory.getLogger(Main.class);

  private Main() {}

  public static void main(String[] arguments) throws InterruptedException {
    Thread.setDefaultUncaughtExceptionHandler(Main::endByFault);
    try {
      run(AgentConfig.parse(List.of(arguments)));
    } catch (ConfigException e) {
      log.error("{}", e.getMessage());
      System.exit(2);
    } catch (IOException | RuntimeException e) {
      log.error("the agent cannot run", e);
      System.exit(1);
    }
  }

  /**
   * A thread that ended by a fault leaves its work undone, unseen: better a process that is started
   * again and begins from what there is. What is pinned goes on deciding until then.
   */
  private static void endByFault(Thread thread, Throwable fault) {
    log.error("the agent ends: its thread {} met a fault", thread.getName(), fault);
    Runtime.getRuntime().halt(1);
  }

  private static void run(AgentConfig config) throws IOException, InterruptedException {
    config.warnings().forEach(warning -> log.warn("{}", warning));
    var agent = Agent.start(config);
    var health =
        config.health().healthzPort() == 0
            ? null
            : new HealthServer(
                new InetSocketAddress(
                    InetAddress.getLoopbackAddress(), config.health().healthzPort()),
                "/healthz",
                agent::isReady);
    var ended = new CountDownLatch(1);
    // SIGTERM and SIGINT: what is pinned stays and goes on deciding.
    Runtime.getRuntime()
        .addShutdownHook(
            Thread.ofPlatform()
                .name("shutdown")
                .unstarted(
                    () -> {
                      log.info("ending; the datapath stays in place");
                      agent.close();
                      ended.countDown();
                    }));
    agent.follow(
        why -> {
          log.warn("the agent ends, to be started anew by whoever runs it: {}", why);
          System.exit(0);
        });
    ended.await();
    if (health != null) {
      health.close();
    }
  }
}
