package io.ovenet.kubernetes.policy;

import io.ovenet.policy.PolicyKind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * Cases of tests in YAML beside them. A policy in a case is {@code {cnp: SPEC}}, {@code {ccnp:
 * SPEC}} or {@code {np: SPEC}}: its kind, and of its spec what stands there.
 */
final class YamlCases {
  private static final List<String> LISTS =
      List.of("ingress", "ingressDeny", "egress", "egressDeny");
  private static final List<String> SHORT =
      List.of("cnp", "ccnp", "np", "ingress", "ingressDeny", "egress", "egressDeny");

  private YamlCases() {}

  /** A policy of a case. */
  record Document(PolicyKind kind, Map<String, ?> whole) {}

  /** The documents of a file. */
  static List<Field> of(String file) {
    try (InputStream in = YamlCases.class.getResourceAsStream(file)) {
      String text =
          new String(Objects.requireNonNull(in, file).readAllBytes(), StandardCharsets.UTF_8);
      List<Field> documents = new ArrayList<>();
      LoadSettings settings =
          LoadSettings.builder().setLabel(file).setMaxAliasesForCollections(1000).build();
      for (Object document : new Load(settings).loadAllFromString(text)) {
        documents.add(new Field("", document).requireObject());
      }
      return documents;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** The strings of a list. */
  static List<String> texts(Field list) {
    List<String> texts = new ArrayList<>();
    for (Field item : list.items()) {
      texts.add(item.string());
    }
    return texts;
  }

  /**
   * A policy in its short form, in namespace shop where it has one. {@code {ingress: RULE}} and the
   * like is that rule alone, for all endpoints.
   */
  static Document document(Field item, String name) {
    Map<String, Object> whole = new LinkedHashMap<>();
    Map<String, String> metadata = new LinkedHashMap<>(Map.of("name", name));
    PolicyKind kind = PolicyKind.CILIUM_NETWORK_POLICY;
    String written = "";
    for (String member : SHORT) {
      written = item.get(member).present() ? member : written;
    }
    Object spec = Objects.requireNonNull(item.get(written).value());
    switch (written) {
      case "cnp" -> {}
      case "ccnp" -> kind = PolicyKind.CILIUM_CLUSTERWIDE_NETWORK_POLICY;
      case "np" -> kind = PolicyKind.NETWORK_POLICY;
      default -> spec = Map.of("endpointSelector", Map.of(), written, List.of(spec));
    }
    if (kind != PolicyKind.CILIUM_CLUSTERWIDE_NETWORK_POLICY) {
      metadata.put("namespace", "shop");
    }
    whole.put("metadata", metadata);
    whole.put("spec", spec);
    return new Document(kind, whole);
  }

  /** The list that a rule alone is of; null for a whole spec. */
  static @Nullable String list(Field item) {
    for (String member : LISTS) {
      if (item.get(member).present()) {
        return member;
      }
    }
    return null;
  }
}
