package io.ovenet.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.ovenet.kubernetes.CustomResources;
import io.ovenet.kubernetes.Json;
import io.ovenet.lab.api.ApiServer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * What becomes of a policy when it is applied, document by document of {@code constraints.yaml}:
 * refused by the schema, with the field; or accepted, with a warning where it means nothing or
 * where a field is not in force; or accepted without a word.
 */
class PolicyReviewTest {
  private static final Path CASES =
      Path.of("../kubernetes/src/test/resources/io/ovenet/kubernetes/policy/constraints.yaml");
  private static final List<String> RULES =
      List.of("ingress", "ingressDeny", "egress", "egressDeny");
  private static final AtomicInteger NUMBER = new AtomicInteger();

  @TempDir private static Path directory;
  private static ApiServer api;
  private static final HttpClient CLIENT =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private record Answer(int code, String body, List<String> warnings) {}

  /**
   * A document of the file.
   *
   * @param at where it fails, "" if it is valid
   * @param schema whether the schema is to refuse it
   * @param later the field of which its author is warned, "" if all is in force
   */
  record Example(
      String constraint, String at, boolean schema, String later, String kind, Object spec) {
    @Override
    public String toString() {
      return constraint + (at.isEmpty() ? ": " : ", but for " + at + ": ") + spec;
    }
  }

  @BeforeAll
  static void start() throws Exception {
    api =
        ApiServer.start(
            directory, ApiServer.Options.DEFAULT.withReviews(List.of(new PolicyReview("default"))));
    for (var definition : CustomResources.all()) {
      var answer =
          post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition.fields());
      assertThat(answer.code()).as(answer.body()).isEqualTo(201);
    }
  }

  @AfterAll
  static void stop() throws Exception {
    api.close();
  }

  private static Answer post(String path, Map<String, ?> object)
      throws IOException, InterruptedException {
    HttpResponse<String> response =
        CLIENT.send(
            HttpRequest.newBuilder(URI.create(api.url() + path + "?fieldValidation=Strict"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofByteArray(Json.write(object)))
                .build(),
            HttpResponse.BodyHandlers.ofString());
    return new Answer(
        response.statusCode(), response.body(), response.headers().allValues("Warning"));
  }

  static Stream<Example> examples() throws IOException {
    List<Example> examples = new ArrayList<>();
    LoadSettings settings = LoadSettings.builder().setMaxAliasesForCollections(1000).build();
    for (Object document : new Load(settings).loadAllFromString(Files.readString(CASES))) {
      Map<?, ?> constraint = (Map<?, ?>) document;
      for (String list : List.of("good", "bad")) {
        for (Object item : (List<?>) Objects.requireNonNull(constraint.get(list))) {
          examples.add(example(constraint, (Map<?, ?>) Objects.requireNonNull(item)));
        }
      }
    }
    return examples.stream();
  }

  private static Example example(Map<?, ?> constraint, Map<?, ?> item) {
    String at = Objects.toString(item.get("at"), "");
    boolean schema = "schema".equals(item.get("by"));
    String later = at.isEmpty() ? Objects.toString(constraint.get("later"), "") : "";
    String name = String.valueOf(constraint.get("constraint"));
    for (String rule : RULES) {
      Object written = item.get(rule);
      if (written != null) {
        String path = at.isEmpty() ? "" : "spec." + rule + "[0]." + at;
        Map<String, Object> spec = Map.of("endpointSelector", Map.of(), rule, List.of(written));
        return new Example(name, path, schema, later, "cnp", spec);
      }
    }
    for (String kind : List.of("cnp", "ccnp", "np")) {
      Object spec = item.get(kind);
      if (spec != null) {
        return new Example(name, at, schema, later, kind, spec);
      }
    }
    throw new AssertionError("no policy: " + item);
  }

  @ParameterizedTest
  @MethodSource("examples")
  void isRefusedOrToldOrTaken(Example example) throws Exception {
    String name = "p" + NUMBER.incrementAndGet();
    Map<String, Object> object = new LinkedHashMap<>();
    String collection =
        switch (example.kind) {
          case "np" -> "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies";
          case "cnp" -> "/apis/cilium.io/v2/namespaces/default/ciliumnetworkpolicies";
          default -> "/apis/cilium.io/v2/ciliumclusterwidenetworkpolicies";
        };
    object.put("apiVersion", example.kind.equals("np") ? "networking.k8s.io/v1" : "cilium.io/v2");
    object.put(
        "kind",
        switch (example.kind) {
          case "np" -> "NetworkPolicy";
          case "cnp" -> "CiliumNetworkPolicy";
          default -> "CiliumClusterwideNetworkPolicy";
        });
    object.put("metadata", Map.of("name", name));
    object.put("spec", example.spec);
    Answer answer = post(collection, object);
    if (example.schema) {
      assertThat(answer.code()).as(answer.body()).isBetween(400, 422);
      String said = new ObjectMapper().readTree(answer.body()).path("message").asText();
      assertThat(said).contains(outermost(example.at));
      return;
    }
    assertThat(answer.code()).as(answer.body()).isEqualTo(201);
    if (!example.at.isEmpty()) {
      assertThat(answer.warnings())
          .anyMatch(warning -> warning.contains("invalid") && warning.contains(example.at + ":"));
    } else if (!example.later.isEmpty()) {
      String field = example.later.replaceFirst("^rules\\..*", "rules");
      assertThat(answer.warnings())
          .isNotEmpty()
          .allMatch(warning -> warning.contains("." + field + ":"));
    } else {
      assertThat(answer.warnings()).isEmpty();
    }
  }

  /** The list that an error of a schema is at least to name: it may stop above the field. */
  private static String outermost(String path) {
    int end = path.indexOf('[');
    return end < 0 ? path : path.substring(0, end);
  }
}
