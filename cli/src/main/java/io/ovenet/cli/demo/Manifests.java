package io.ovenet.cli.demo;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.NonDeletingOperation;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Applies the example files, as {@code kubectl apply} would. */
final class Manifests {
  private Manifests() {}

  /** Creates or updates every object of a file, in its order. */
  static void apply(KubernetesClient client, Path file) throws IOException {
    List<HasMetadata> objects;
    try (InputStream yaml = Files.newInputStream(file)) {
      objects = client.load(yaml).items();
    }
    for (HasMetadata object : objects) {
      client.resource(object).createOr(NonDeletingOperation::update);
    }
  }
}
