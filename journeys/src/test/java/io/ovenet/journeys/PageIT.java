package io.ovenet.journeys;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/**
 * The web page in a real browser, with real flows of two nodes: containers, a virtual machine and
 * services under policy. What is looked for is in {@code ui/src/test/web/journeys/shop.test.ts};
 * pictures of each view are left in {@code ui/target/pictures}.
 */
class PageIT {
  private static String workloads() throws Exception {
    try (InputStream in = PageIT.class.getResourceAsStream("/page/workloads.yaml")) {
      return new String(Objects.requireNonNull(in).readAllBytes(), UTF_8);
    }
  }

  private static boolean machineRuns(RunningLab lab) throws Exception {
    for (JsonNode machine : lab.status().path("vms")) {
      if (machine.path("phase").asText().equals("Running")) {
        return true;
      }
    }
    return false;
  }

  @Test
  void everyViewShowsTheShopAsItIs() throws Exception {
    try (RunningLab lab = RunningLab.up("--nodes=2", "-c", "kube-proxy-replacement=true")) {
      lab.kubectl("apply", "-f", lab.file("shop.yaml", workloads()).toString()).succeed();
      for (String pod : List.of("web-1", "web-2", "customer")) {
        lab.running("shop-prod", pod);
      }
      lab.running("pay-prod", "cards");
      Eventually.holds("the machine runs", () -> machineRuns(lab));
      Path ui = Ovenet.HOME.resolve("ui");
      Ovenet.Result browsed =
          Ovenet.run(
              List.of("node", ui.resolve("build.mjs").toString(), "journeys", "shop.test.ts"),
              Map.of("OVENET_PAGE", lab.status().at("/api/page").asText()));
      Files.writeString(ui.resolve("target/journeys-shop.log"), browsed.out() + browsed.err());
      assertThat(browsed.exit()).as("%s%s", browsed.out(), browsed.err()).isZero();
    }
  }
}
