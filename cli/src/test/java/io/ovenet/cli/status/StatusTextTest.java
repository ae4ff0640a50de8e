package io.ovenet.cli.status;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.JsonObject;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class StatusTextTest {
  private static String probe(String node, String way, boolean reached, double milliseconds) {
    return """
    {"node":"%s","way":"%s","reached":%s,"milliseconds":%s}"""
        .formatted(node, way, reached, milliseconds);
  }

  private static NodeView view(String node, String problems, String... probes) {
    var text =
        """
        {"node":"%s","ready":true,"endpoints":{"total":3},
         "policies":{"total":2,"behind":1,"revision":7},
         "tables":[{"name":"conntrack_map","entries":5,"room":100}],
         "drops":[{"reason":"X","packets":4},{"reason":"Y","packets":5}],
         "events":{"written":1,"lost":0},"nodes":[%s],"problems":%s}"""
            .formatted(node, String.join(",", probes), problems);
    return new NodeView(node, Json.parse(text.getBytes(StandardCharsets.UTF_8)), "");
  }

  private static List<String> lines(boolean matrix, NodeView... views) {
    var out = new StringWriter();
    new StatusText(List.of(views)).print(new PrintWriter(out, true), matrix);
    return out.toString().lines().toList();
  }

  @Test
  void aRowForEachNodeWhoReachesWhomAndWhatIsWrong() {
    assertThat(
            lines(
                false,
                view("a", "[]", probe("b", "node", true, 0.26), probe("b", "pods", false, 1)),
                view("b", "[\"do \\u001b[2J this\"]", probe("a", "node", true, 12.5)),
                new NodeView("c", JsonObject.EMPTY, "cannot ask c; does it run?")))
        .containsExactly(
            "NODE  STATE      ENDPOINTS  POLICIES  REVISION  CONNECTIONS  DROPS  LOST",
            "a     well       3          2, 1 due  7         5 of 100     9      0",
            "b     ready      3          2, 1 due  7         5 of 100     9      0",
            "c     no answer  -          -         -         -            -      -",
            "",
            "node to node, milliseconds there and back: itself / by the pods' network",
            "FROM \\ TO  a         b",
            "a          -         0.3 / NO",
            "b          12.5 / ?  -",
            "c          ? / ?     ? / ?",
            "",
            "b: do ^[[2J this",
            "c: cannot ask c; does it run?",
            "2 problems");
  }

  @Test
  void ofManyNodesOnlyHowManyAreReached() {
    var probes = new ArrayList<String>();
    for (int i = 0; i < 300; i++) {
      probes.add(probe("n" + i, "node", i != 7, 1));
      probes.add(probe("n" + i, "pods", true, 1));
    }
    var view = view("a", "[]", probes.toArray(String[]::new));
    assertThat(lines(false, view))
        .contains("node to node: 299 of 300 reached; --matrix shows each of them")
        .endsWith("all is well");
    assertThat(lines(true, view)).anyMatch(line -> line.contains("n299") && line.contains("n7"));
  }
}
