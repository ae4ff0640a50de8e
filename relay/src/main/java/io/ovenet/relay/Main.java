package io.ovenet.relay;

import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code ovenet relay}. Ends with 0 when it was stopped, 1 if it cannot listen, 2 for bad words.
 */
public final class Main {
  private static final Logger LOG = LoggerFactory.getLogger(Main.class);

  private Main() {}

  public static void main(String[] arguments) throws InterruptedException {
    if (Arrays.asList(arguments).contains("--help")) {
      System.out.print(RelayOptions.HELP);
      return;
    }
    try {
      Relay relay = new Relay(RelayOptions.parse(arguments));
      var ended = new CountDownLatch(1);
      Runtime.getRuntime()
          .addShutdownHook(
              Thread.ofPlatform()
                  .name("shutdown")
                  .unstarted(
                      () -> {
                        relay.close();
                        ended.countDown();
                      }));
      LOG.info("the relay listens on port {}", relay.port());
      ended.await();
    } catch (IllegalArgumentException e) {
      System.err.println("ovenet relay: " + e.getMessage() + " (--help tells more)");
      System.exit(2);
    } catch (IOException e) {
      LOG.error("cannot start: {}", e.getMessage());
      System.exit(1);
    }
  }
}
