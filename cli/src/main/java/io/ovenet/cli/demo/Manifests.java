package io.ovenet.cli.demo;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.NonDeletingOperation;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;

/** Applies the example files, as {@code kubectl apply} would. */
final class Manifests {
  /** Warns of each kind whose version is v2alpha1, as upstream's are. */
  private static final Logger VERSIONS =
      Logger.getLogger("io.fabric8.kubernetes.client.dsl.internal.VersionUsageUtils");

  static {
    VERSIONS.setLevel(Level.SEVERE);
  }

  private Manifests() {}

  /**
   * Creates or updates every object of a file, in its order.
   *
   * @param namespace of the objects that name none; "" if there are no such
   */
  static void apply(KubernetesClient client, Path file, String namespace) throws IOException {
    List<HasMetadata> objects;
    try (InputStream yaml = Files.newInputStream(file)) {
      objects = client.load(yaml).items();
    }
    for (HasMetadata object : objects) {
      if (object instanceof Namespaced && object.getMetadata().getNamespace() == null) {
        object.getMetadata().setNamespace(namespace);
      }
      client.resource(object).createOr(NonDeletingOperation::update);
    }
  }
}
