package io.ovenet.kubernetes;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The CustomResourceDefinitions that Ovenet owns, as an API server takes them: complete schemas, so
 * that what can be refused is refused when it is written. They accept whatever Cilium's own accept.
 */
public final class CustomResources {
  private static final List<String> PLURALS =
      List.of(
          "ciliumnetworkpolicies",
          "ciliumclusterwidenetworkpolicies",
          "ciliumidentities",
          "ciliumnodes",
          "ciliumendpoints",
          "ciliumendpointslices",
          "ciliumcidrgroups",
          "ciliumloadbalancerippools",
          "ciliuml2announcementpolicies",
          "ciliumlocalredirectpolicies");

  private CustomResources() {}

  /** All of them, each an apiextensions.k8s.io/v1 object. */
  public static List<JsonObject> all() {
    var definitions = load("definitions");
    var all = new ArrayList<JsonObject>();
    for (var plural : PLURALS) {
      all.add(JsonObject.of(resolved(load(plural).fields(), definitions)));
    }
    return all;
  }

  private static JsonObject load(String name) {
    try (var in = CustomResources.class.getResourceAsStream("crd/" + name + ".yaml")) {
      if (in == null) {
        throw new IllegalStateException("the jar lacks crd/" + name + ".yaml");
      }
      return Kubeconfig.yaml(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static @Nullable Object resolved(@Nullable Object value, JsonObject definitions) {
    return switch (value) {
      case Map<?, ?> map when map.get("$ref") instanceof String name -> {
        if (!definitions.fields().containsKey(name)) {
          throw new IllegalStateException("a schema refers to the unknown definition " + name);
        }
        yield resolved(definitions.fields().get(name), definitions);
      }
      case Map<?, ?> map -> {
        var object = new LinkedHashMap<String, @Nullable Object>();
        map.forEach((key, member) -> object.put((String) key, resolved(member, definitions)));
        yield object;
      }
      case List<?> list -> {
        var elements = new ArrayList<@Nullable Object>(list.size());
        list.forEach(element -> elements.add(resolved(element, definitions)));
        yield elements;
      }
      case null -> null;
      default -> value;
    };
  }
}
