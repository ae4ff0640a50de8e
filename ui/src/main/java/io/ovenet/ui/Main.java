package io.ovenet.ui;

import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code ovenet ui}. Ends with 0 when it was stopped, 1 if it cannot start, 2 for bad words. */
public final class Main {
  private static final Logger LOG = LoggerFactory.getLogger(Main.class);

  private Main() {}

  public static void main(String[] arguments) throws InterruptedException {
    if (Arrays.asList(arguments).contains("--help")) {
      System.out.print(UiOptions.HELP);
      return;
    }
    try (Ui ui = new Ui(UiOptions.parse(System.getenv(), arguments))) {
      var stopped = new CountDownLatch(1);
      Runtime.getRuntime().addShutdownHook(new Thread(stopped::countDown, "stop"));
      LOG.info("the page is at {}", ui.url());
      stopped.await();
    } catch (IllegalArgumentException e) {
      System.err.println("ovenet ui: " + e.getMessage() + " (--help tells more)");
      System.exit(2);
    } catch (IOException e) {
      System.err.println("ovenet ui: " + e.getMessage());
      System.exit(1);
    }
  }
}
