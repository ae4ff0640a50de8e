package io.ovenet.agent;

import io.ovenet.kubernetes.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * A case of a file in {@code cases/}: objects, and probes that then pass or are dropped.
 *
 * @param name the file's and its own
 */
record PolicyCase(
    String name, List<Map<String, ?>> objects, List<String> passes, List<String> dropped) {
  /** Those of the network of one node. */
  static final List<String> FILES = List.of("network-policy.yaml", "cilium-network-policy.yaml");

  /** Those with another node beside it. */
  static final List<String> NODES = List.of("nodes.yaml");

  static List<PolicyCase> of(List<String> files) throws IOException {
    var cases = new ArrayList<PolicyCase>();
    for (var file : files) {
      try (InputStream in = PolicyCase.class.getResourceAsStream("cases/" + file)) {
        var text = new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
        for (Object document :
            new Load(LoadSettings.builder().setLabel(file).build()).loadAllFromString(text)) {
          var read = JsonObject.of(document);
          var objects = new ArrayList<Map<String, ?>>();
          read.objects("objects").forEach(object -> objects.add(object.fields()));
          cases.add(
              new PolicyCase(
                  file + ": " + read.string("case"),
                  objects,
                  read.strings("pass"),
                  read.strings("drop")));
        }
      }
    }
    return cases;
  }
}
