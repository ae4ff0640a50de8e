package io.ovenet.operator;

import io.ovenet.kubernetes.ApiException;
import io.ovenet.kubernetes.CustomResources;
import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.JsonObject;
import io.ovenet.kubernetes.KubernetesApi;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sees to it that the cluster has Ovenet's CustomResourceDefinitions and serves their kinds. */
final class DefinitionInstaller {
  /** Annotation with the digest of the definition as Ovenet has it. */
  private static final String DIGEST = "ovenet.io/definition-digest";

  private static final Logger LOG = LoggerFactory.getLogger(DefinitionInstaller.class);
  private static final String PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  private static final Duration CEILING = Duration.ofSeconds(60);

  private final KubernetesApi api;

  DefinitionInstaller(KubernetesApi api) {
    this.api = api;
  }

  /**
   * Installs what is missing or of another version, and waits until all are served.
   *
   * @throws IOException also if one is not served within a minute, with what the server says of it
   */
  void install() throws IOException, InterruptedException {
    for (var definition : CustomResources.all()) {
      install(definition);
    }
    for (var definition : CustomResources.all()) {
      awaitEstablished(definition.object("metadata").string("name"));
    }
  }

  private void install(JsonObject definition) throws IOException {
    var name = definition.object("metadata").string("name");
    var digest = digest(definition);
    while (true) {
      try {
        var present = present(name);
        if (present == null) {
          api.create(PATH, annotated(definition, digest, ""));
          LOG.info("definition {}: made", name);
          return;
        }
        var metadata = present.object("metadata");
        if (metadata.object("annotations").string(DIGEST).equals(digest)) {
          return;
        }
        api.replace(
            PATH + "/" + name, annotated(definition, digest, metadata.string("resourceVersion")));
        LOG.info("definition {}: replaced", name);
        return;
      } catch (ApiException e) {
        if (!e.conflict() && !e.alreadyExists()) {
          throw e;
        }
        // Written by another since it was read: look again.
      }
    }
  }

  private @Nullable JsonObject present(String name) throws IOException {
    try {
      return api.get(PATH + "/" + name);
    } catch (ApiException e) {
      if (e.notFound()) {
        return null;
      }
      throw e;
    }
  }

  private static Map<String, @Nullable Object> annotated(
      JsonObject definition, String digest, String version) {
    var metadata = new HashMap<String, @Nullable Object>(definition.object("metadata").fields());
    metadata.put("annotations", Map.of(DIGEST, digest));
    if (!version.isEmpty()) {
      metadata.put("resourceVersion", version);
    }
    var annotated = new HashMap<>(definition.fields());
    annotated.put("metadata", metadata);
    return annotated;
  }

  private static String digest(JsonObject definition) {
    try {
      var sha = MessageDigest.getInstance("SHA-256").digest(Json.write(definition.fields()));
      return HexFormat.of().formatHex(sha, 0, 16);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  private void awaitEstablished(String name) throws IOException, InterruptedException {
    var deadline = System.nanoTime() + CEILING.toNanos();
    while (true) {
      var definition = api.get(PATH + "/" + name);
      for (var condition : definition.object("status").objects("conditions")) {
        if (condition.string("type").equals("Established")
            && condition.string("status").equals("True")) {
          return;
        }
      }
      if (System.nanoTime() > deadline) {
        throw new IOException(
            "definition "
                + name
                + " is not served after "
                + CEILING.toSeconds()
                + " s: "
                + definition.object("status").fields());
      }
      Thread.sleep(20);
    }
  }
}
