package io.ovenet.lab.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the server says to requests as they come over the wire, good and bad. */
final class RawHttpIT {
  private static final String MAPS = "/api/v1/namespaces/default/configmaps";
  private static final String WIDGETS = "/apis/example.com/v1/namespaces/default/widgets";
  static final String WIDGET_CRD =
      """
      apiVersion: apiextensions.k8s.io/v1
      kind: CustomResourceDefinition
      metadata: {name: widgets.example.com}
      spec:
        group: example.com
        scope: Namespaced
        names: {plural: widgets, kind: Widget, shortNames: [wd]}
        versions:
        - name: v1
          served: true
          storage: true
          subresources: {status: {}}
          additionalPrinterColumns:
          - {name: Size, type: integer, jsonPath: .spec.size}
          - {name: Ready, type: string, jsonPath: '.status.conditions[?(@.type=="Ready")].status'}
          schema:
            openAPIV3Schema:
              type: object
              description: A thing to try out.
              required: [spec]
              properties:
                spec:
                  type: object
                  required: [size]
                  properties:
                    size: {type: integer, minimum: 1, maximum: 100, description: How big.}
                    name: {type: string, pattern: '^[a-z]+$', maxLength: 8}
                    mode: {type: string, enum: [fast, slow], default: fast}
                    port: {x-kubernetes-int-or-string: true}
                    list: {type: array, maxItems: 2, items: {type: string}}
                    either:
                      type: object
                      properties: {a: {type: string}, b: {type: string}}
                      oneOf: [{required: [a]}, {required: [b]}]
                    free: {type: object, x-kubernetes-preserve-unknown-fields: true}
                status: {type: object, x-kubernetes-preserve-unknown-fields: true}
      """;

  @TempDir Path directory;
  private ApiServer api;
  private Raw raw;

  @BeforeEach
  void start() throws Exception {
    api = ApiServer.start(directory, ApiServer.Options.DEFAULT.withWindow(50));
    raw = new Raw(api.url());
  }

  @AfterEach
  void stop() throws Exception {
    raw.close();
    api.close();
  }

  private static String map(String name) {
    return "{\"metadata\":{\"name\":\"" + name + "\"},\"data\":{\"k\":\"v\"}}";
  }

  private static String widget(String spec) {
    return "{\"metadata\":{\"name\":\"w\"},\"spec\":" + spec + "}";
  }

  private void define() throws Exception {
    Raw.Reply reply =
        raw.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", WIDGET_CRD);
    assertThat(reply.code()).as(reply.message()).isEqualTo(201);
  }

  @Test
  void saysWhatIsWrongWithACustomResource() throws Exception {
    define();
    assertCause("{\"size\":\"big\"}", "FieldValueTypeInvalid", "spec.size");
    assertCause("{}", "FieldValueRequired", "spec.size");
    assertCause("{\"size\":0}", "FieldValueInvalid", "spec.size");
    assertCause("{\"size\":101}", "FieldValueInvalid", "spec.size");
    assertCause("{\"size\":1,\"name\":\"X1\"}", "FieldValueInvalid", "spec.name");
    assertCause("{\"size\":1,\"name\":\"abcdefghi\"}", "FieldValueTooLong", "spec.name");
    assertCause("{\"size\":1,\"mode\":\"odd\"}", "FieldValueNotSupported", "spec.mode");
    assertCause("{\"size\":1,\"port\":true}", "FieldValueTypeInvalid", "spec.port");
    assertCause("{\"size\":1,\"list\":[\"a\",\"b\",\"c\"]}", "FieldValueTooMany", "spec.list");
    assertCause("{\"size\":1,\"list\":[1]}", "FieldValueTypeInvalid", "spec.list[0]");
    assertCause("{\"size\":1,\"either\":{}}", "FieldValueInvalid", "spec.either");

    Raw.Reply wrong = raw.post(WIDGETS, widget("{\"size\":\"big\"}"));
    assertThat(wrong.message())
        .isEqualTo(
            "Widget.example.com \"w\" is invalid: spec.size: Invalid value: \"string\": spec.size in"
                + " body must be of type integer: \"string\"");
    assertThat(wrong.json().path("details").path("kind").asText()).isEqualTo("Widget");
  }

  private void assertCause(String spec, String reason, String field) throws Exception {
    Raw.Reply reply = raw.post(WIDGETS, widget(spec));
    assertThat(reply.code()).as(spec).isEqualTo(422);
    JsonNode cause = reply.json().path("details").path("causes").get(0);
    assertThat(cause.path("reason").asText()).as(spec).isEqualTo(reason);
    assertThat(cause.path("field").asText()).as(spec).isEqualTo(field);
  }

  @Test
  void treatsUnknownFieldsAsAsked() throws Exception {
    define();
    String extra = widget("{\"size\":1,\"extra\":{\"x\":1},\"free\":{\"y\":2}}");
    Raw.Reply strict = raw.post(WIDGETS + "?fieldValidation=Strict", extra);
    assertThat(strict.code()).isEqualTo(400);
    assertThat(strict.message()).isEqualTo("strict decoding error: unknown field \"spec.extra\"");
    Raw.Reply warned = raw.post(WIDGETS + "?fieldValidation=Warn&dryRun=All", extra);
    assertThat(warned.code()).isEqualTo(201);
    assertThat(warned.warnings()).containsExactly("299 - \"unknown field \\\"spec.extra\\\"\"");
    Raw.Reply ignored = raw.post(WIDGETS + "?fieldValidation=Ignore", extra);
    assertThat(ignored.warnings()).isEmpty();
    JsonNode spec = ignored.json().path("spec");
    assertThat(spec.has("extra")).isFalse();
    assertThat(spec.path("free").path("y").asInt()).isEqualTo(2);
    assertThat(spec.path("mode").asText()).isEqualTo("fast");

    Raw.Reply pod =
        raw.post(
            "/api/v1/namespaces/default/pods?fieldValidation=Strict",
            "{metadata: {name: p}, spec: {containers: [{name: c, imagee: x}]}}");
    assertThat(pod.code()).isEqualTo(400);
    assertThat(pod.message()).contains("unknown field \"spec.containers[0].imagee\"");
  }

  @Test
  void survivesBadBodies() throws Exception {
    assertThat(raw.send("POST", MAPS, "application/json", "{\"a\":").code()).isEqualTo(400);
    assertThat(raw.send("POST", MAPS, "application/json", "").code()).isEqualTo(400);
    assertThat(raw.send("POST", MAPS, "application/json", "[1]").code()).isEqualTo(400);
    assertThat(raw.post(MAPS, "a: [\n - {").code()).isEqualTo(400);
    assertThat(raw.send("POST", MAPS, "application/json", "[".repeat(100_000)).code())
        .isEqualTo(400);
    Raw.Reply large = raw.send("POST", MAPS, "application/json", "x".repeat(10 << 20));
    assertThat(large.code()).isEqualTo(413);
    assertThat(large.json().path("kind").asText()).isEqualTo("Status");
    for (String body :
        List.of(
            "{\"metadata\":[]}",
            "{\"metadata\":{\"name\":7}}",
            "{\"metadata\":{\"name\":{\"a\":1}}}",
            "{\"metadata\":{\"name\":\"x\",\"labels\":\"y\"}}",
            "{\"metadata\":{\"name\":\"x\",\"labels\":{\"a\":1}}}",
            "{\"metadata\":{\"name\":\"x\",\"ownerReferences\":{}}}",
            "{\"metadata\":{\"name\":\"UPPER\"}}",
            "{\"metadata\":{\"name\":\"x\"},\"data\":[]}",
            "{\"kind\":\"Pod\",\"metadata\":{\"name\":\"x\"}}",
            "{\"kind\":5,\"metadata\":{\"name\":\"x\"}}",
            "{\"metadata\":{}}")) {
      Raw.Reply reply = raw.send("POST", MAPS, "application/json", body);
      assertThat(reply.code()).as(body + " " + reply.message()).isIn(400, 422);
      assertThat(reply.message()).as(body).isNotBlank();
    }
    String pods = "/api/v1/namespaces/default/pods";
    for (String spec :
        List.of(
            "7", "[]", "{\"containers\":{}}", "{\"containers\":[7]}", "{\"containers\":[{}]}")) {
      Raw.Reply reply =
          raw.send(
              "POST",
              pods,
              "application/json",
              "{\"metadata\":{\"name\":\"x\"},\"spec\":" + spec + "}");
      assertThat(reply.code()).as(spec + " " + reply.message()).isIn(400, 422);
    }
    for (String spec :
        List.of("7", "{\"ports\":7}", "{\"ports\":[7]}", "{\"ports\":[{\"port\":\"a\"}]}", "{}")) {
      Raw.Reply reply =
          raw.send(
              "POST",
              "/api/v1/namespaces/default/services",
              "application/json",
              "{\"metadata\":{\"name\":\"x\"},\"spec\":" + spec + "}");
      assertThat(reply.code()).as(spec + " " + reply.message()).isIn(400, 422);
    }
    String crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    for (String spec :
        List.of(
            "7",
            "{}",
            "{\"versions\":[7]}",
            "{\"group\":\"e.com\",\"names\":7,\"versions\":[]}",
            "{\"group\":\"e.com\",\"scope\":\"Cluster\",\"names\":{\"plural\":\"xs\",\"kind\":\"X\"},"
                + "\"versions\":[{\"name\":\"v1\",\"served\":true,\"storage\":true,"
                + "\"schema\":{\"openAPIV3Schema\":{\"properties\":{\"a\":7}}}}]}")) {
      Raw.Reply reply =
          raw.send(
              "POST",
              crds,
              "application/json",
              "{\"metadata\":{\"name\":\"xs.e.com\"},\"spec\":" + spec + "}");
      assertThat(reply.code()).as(spec + " " + reply.message()).isIn(400, 422);
    }
    assertThat(raw.get("/healthz").code()).isEqualTo(200);
  }

  @Test
  void holdsVersionsAgainstEachOther() throws Exception {
    JsonNode made = raw.post(MAPS, map("a")).json();
    assertThat(raw.post(MAPS, map("a")).reason()).isEqualTo("AlreadyExists");
    String uid = made.path("metadata").path("uid").asText();
    assertThat(raw.patch(MAPS + "/a", "merge-patch+json", "{\"data\":{\"k\":\"w\"}}").code())
        .isEqualTo(200);
    Raw.Reply stale = raw.put(MAPS + "/a", made.toString());
    assertThat(stale.code()).isEqualTo(409);
    assertThat(stale.message()).contains("the object has been modified");
    assertThat(raw.delete(MAPS + "/a", "{\"preconditions\":{\"uid\":\"other\"}}").reason())
        .isEqualTo("Conflict");
    assertThat(raw.delete(MAPS + "/a", "{\"preconditions\":{\"uid\":\"" + uid + "\"}}").code())
        .isEqualTo(200);
    assertThat(raw.get(MAPS + "/a").message()).isEqualTo("configmaps \"a\" not found");
  }

  @Test
  void patchesInFourWaysAndRefusesTheFifth() throws Exception {
    raw.post(
        "/api/v1/namespaces/default/pods",
        "{metadata: {name: p}, spec: {containers: [{name: a, image: x}, {name: b, image: y}]}}");
    String pod = "/api/v1/namespaces/default/pods/p";
    JsonNode strategic =
        raw.patch(
                pod,
                "strategic-merge-patch+json",
                "{\"spec\":{\"containers\":[{\"name\":\"b\",\"image\":\"z\"}]}}")
            .json();
    assertThat(strategic.path("spec").path("containers")).hasSize(2);
    assertThat(strategic.path("spec").path("containers").get(1).path("image").asText())
        .isEqualTo("z");
    assertThat(strategic.path("metadata").path("generation").asInt()).isEqualTo(2);
    JsonNode json =
        raw.patch(
                pod,
                "json-patch+json",
                "[{\"op\":\"test\",\"path\":\"/spec/containers/0/image\",\"value\":\"x\"},"
                    + "{\"op\":\"add\",\"path\":\"/metadata/labels\",\"value\":{\"a\":\"b\"}}]")
            .json();
    assertThat(json.path("metadata").path("labels").path("a").asText()).isEqualTo("b");
    assertThat(json.path("metadata").path("generation").asInt()).isEqualTo(2);
    assertThat(
            raw.patch(
                    pod, "json-patch+json", "[{\"op\":\"test\",\"path\":\"/spec/x\",\"value\":1}]")
                .code())
        .isEqualTo(422);
    Raw.Reply apply = raw.patch(pod, "apply-patch+yaml", "{}");
    assertThat(apply.code()).isEqualTo(400);
    assertThat(apply.message()).contains("fieldManager: Required value");
    String other = "/api/v1/namespaces/default/configmaps/made?fieldManager=k";
    String map = "{apiVersion: v1, kind: ConfigMap, data: {a: b}}";
    assertThat(raw.patch(other, "apply-patch+yaml", map).code()).isEqualTo(201);
    assertThat(raw.patch(other, "apply-patch+yaml", map).code()).isEqualTo(200);
    assertThat(raw.patch(pod, "odd-patch", "{}").code()).isEqualTo(415);
  }

  @Test
  void keepsStatusAndSpecApart() throws Exception {
    define();
    raw.post(WIDGETS, widget("{\"size\":1}"));
    JsonNode spec =
        raw.patch(
                WIDGETS + "/w", "merge-patch+json", "{\"spec\":{\"size\":2},\"status\":{\"x\":1}}")
            .json();
    assertThat(spec.has("status")).isFalse();
    assertThat(spec.path("metadata").path("generation").asInt()).isEqualTo(2);
    JsonNode status =
        raw.patch(
                WIDGETS + "/w/status",
                "merge-patch+json",
                "{\"spec\":{\"size\":3},\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}}")
            .json();
    assertThat(status.path("spec").path("size").asInt()).isEqualTo(2);
    assertThat(status.path("metadata").path("generation").asInt()).isEqualTo(2);
    JsonNode table =
        raw.send("GET", WIDGETS, "", "application/json;as=Table;v=v1;g=meta.k8s.io", "").json();
    assertThat(table.path("columnDefinitions").findValuesAsText("name"))
        .containsExactly("Name", "Size", "Ready");
    assertThat(table.path("rows").get(0).path("cells").toString()).isEqualTo("[\"w\",2,\"True\"]");
  }

  @Test
  void watchesFromAVersionAndForgetsWhatIsTooOld() throws Exception {
    String start = raw.get(MAPS).json().path("metadata").path("resourceVersion").asText();
    raw.post(MAPS, map("a"));
    raw.delete(MAPS + "/a", "");
    try (Raw.Lines watch =
        raw.watch(
            MAPS + "?watch=1&allowWatchBookmarks=true&timeoutSeconds=2&resourceVersion=" + start)) {
      assertThat(watch.change()).isEqualTo("ADDED a");
      assertThat(watch.change()).isEqualTo("DELETED a");
      JsonNode last = watch.next();
      assertThat(last.path("type").asText()).isEqualTo("BOOKMARK");
      assertThat(last.path("object").path("kind").asText()).isEqualTo("ConfigMap");
      assertThat(watch.next().isNull()).as("ends after its time").isTrue();
    }
    for (int i = 0; i < 60; i++) {
      raw.post(MAPS, map("m" + i));
    }
    try (Raw.Lines watch = raw.watch(MAPS + "?watch=1&resourceVersion=" + start)) {
      JsonNode error = watch.next();
      assertThat(error.path("type").asText()).isEqualTo("ERROR");
      assertThat(error.path("object").path("code").asInt()).isEqualTo(410);
      assertThat(error.path("object").path("reason").asText()).isEqualTo("Expired");
    }
    assertThat(raw.get(MAPS + "?watch=1&resourceVersion=99999999").code()).isEqualTo(410);
    try (Raw.Lines watch =
        raw.watch(
            MAPS
                + "?watch=1&sendInitialEvents=true&allowWatchBookmarks=true"
                + "&resourceVersionMatch=NotOlderThan&fieldSelector=metadata.name%3Dm7")) {
      assertThat(watch.change()).isEqualTo("ADDED m7");
      assertThat(
              watch.next().at("/object/metadata/annotations/k8s.io~1initial-events-end").asText())
          .isEqualTo("true");
    }
  }

  @Test
  void listsInPagesAndSelects() throws Exception {
    for (int i = 0; i < 7; i++) {
      raw.post(MAPS, "{metadata: {name: m" + i + ", labels: {n: '" + i + "'}}}");
    }
    JsonNode first = raw.get(MAPS + "?limit=3").json();
    assertThat(first.path("items")).hasSize(3);
    assertThat(first.path("metadata").path("remainingItemCount").asInt()).isEqualTo(4);
    raw.post(MAPS, map("m00"));
    JsonNode second =
        raw.get(MAPS + "?limit=10&continue=" + first.at("/metadata/continue").asText()).json();
    assertThat(second.path("items")).hasSize(4);
    assertThat(second.at("/metadata/resourceVersion"))
        .isEqualTo(first.at("/metadata/resourceVersion"));
    assertThat(raw.get(MAPS + "?labelSelector=n%20in%20(1,2),n!=2").json().path("items"))
        .hasSize(1);
    assertThat(raw.get(MAPS + "?labelSelector=n%20is%202").code()).isEqualTo(400);
    assertThat(raw.get(MAPS + "?fieldSelector=spec.x%3D1").code()).isEqualTo(400);
    assertThat(raw.delete(MAPS + "?labelSelector=n", "").json().path("items")).hasSize(7);
    assertThat(raw.get(MAPS).json().path("items")).hasSize(1);
  }

  @Test
  void collectsWhatLostItsOwnerAndWhatLivesInADeletedNamespace() throws Exception {
    raw.post("/api/v1/namespaces", "{metadata: {name: shop}}");
    String shop = "/api/v1/namespaces/shop";
    String uid = raw.post(shop + "/configmaps", map("owner")).json().at("/metadata/uid").asText();
    raw.post(
        shop + "/configmaps",
        "{metadata: {name: owned, ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: owner,"
            + " uid: "
            + uid
            + "}]}}");
    raw.delete(shop + "/configmaps/owner", "");
    Awaits.until(Duration.ofSeconds(20), () -> raw.get(shop + "/configmaps/owned").code() == 404);

    raw.post(shop + "/configmaps", "{metadata: {name: held, finalizers: [example.com/hold]}}");
    assertThat(raw.delete("/api/v1/namespaces/shop", "").json().at("/status/phase").asText())
        .isEqualTo("Terminating");
    assertThat(raw.post(shop + "/configmaps", map("late")).code()).isEqualTo(403);
    Awaits.until(
        Duration.ofSeconds(20),
        () -> raw.get(shop + "/configmaps/held").json().at("/metadata").has("deletionTimestamp"));
    assertThat(raw.get("/api/v1/namespaces/shop").code()).isEqualTo(200);
    raw.patch(
        shop + "/configmaps/held", "merge-patch+json", "{\"metadata\":{\"finalizers\":null}}");
    Awaits.until(Duration.ofSeconds(20), () -> raw.get("/api/v1/namespaces/shop").code() == 404);
    assertThat(raw.delete("/api/v1/namespaces/default", "").code()).isEqualTo(403);
  }

  @Test
  void givesServicesAddressesOnce() throws Exception {
    String services = "/api/v1/namespaces/default/services";
    JsonNode one =
        raw.post(services, "{metadata: {name: a}, spec: {type: NodePort, ports: [{port: 80}]}}")
            .json();
    JsonNode two = raw.post(services, "{metadata: {name: b}, spec: {ports: [{port: 80}]}}").json();
    String address = one.at("/spec/clusterIP").asText();
    assertThat(address).startsWith("10.96.");
    assertThat(two.at("/spec/clusterIP").asText()).startsWith("10.96.").isNotEqualTo(address);
    assertThat(one.at("/spec/ports/0/nodePort").asInt()).isBetween(30000, 32767);
    assertThat(one.at("/spec/ports/0/targetPort").asInt()).isEqualTo(80);
    Raw.Reply taken =
        raw.post(
            services,
            "{metadata: {name: c}, spec: {clusterIP: " + address + ", ports: [{port: 80}]}}");
    assertThat(taken.code()).isEqualTo(422);
    raw.delete(services + "/a", "");
    assertThat(
            raw.post(
                    services,
                    "{metadata: {name: c}, spec: {clusterIP: " + address + ", ports: [{port: 1}]}}")
                .code())
        .isEqualTo(201);
  }

  @Test
  void servesOnASocketThatItIsGiven() throws Exception {
    try (ServerSocketChannel channel = ServerSocketChannel.open()) {
      channel.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      int port = ((InetSocketAddress) channel.getLocalAddress()).getPort();
      api.listen(channel);
      try (Raw other = new Raw("http://127.0.0.1:" + port)) {
        assertThat(other.get("/version").json().path("gitVersion").asText()).startsWith("v1.");
        api.close();
        assertThat(channel.isOpen()).as("closed with the server").isFalse();
      }
    }
  }

  @Test
  void refusesASecondServerOnTheSameData() {
    org.assertj.core.api.Assertions.assertThatThrownBy(
            () -> ApiServer.start(directory, ApiServer.Options.DEFAULT))
        .isInstanceOf(java.io.IOException.class)
        .hasMessageContaining("is another server using it?");
  }
}
