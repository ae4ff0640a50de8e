package io.ovenet.lab.api;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.AnyType;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.KubernetesResource;
import io.fabric8.kubernetes.api.model.MicroTime;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import java.lang.reflect.Field;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * OpenAPI schemas of the built-in kinds, read off the classes of the Kubernetes client: their
 * fields and types are those of the API. Made kind by kind when first asked for. Thread-safe.
 */
final class BuiltInSchemas {
  private static final String PACKAGE = "io.fabric8.kubernetes.api.model.";

  /** The metadata of every object, custom ones too. */
  static final String OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

  private final Map<String, ObjectNode> components = new ConcurrentHashMap<>();
  private final Map<String, Schema> compiled = new ConcurrentHashMap<>();

  /** The schema of a kind of which the client has a class. */
  Schemas.Source of(Class<?> type, String group, String version, String kind) {
    String name = name(type);
    return new Schemas.Source() {
      @Override
      public Schema schema() {
        describe(type);
        return compiled(name);
      }

      @Override
      public String component() {
        return name;
      }

      @Override
      public Map<String, ObjectNode> components() {
        describe(type);
        Map<String, ObjectNode> all = reachable(name);
        ObjectNode top = described(name).deepCopy();
        OpenApi.groupVersionKind(
            top.putArray("x-kubernetes-group-version-kind").addObject(), group, version, kind);
        all.put(name, top);
        return all;
      }
    };
  }

  /** The schema of the metadata of every object. */
  Schema objectMeta() {
    describe(ObjectMeta.class);
    return compiled(OBJECT_META);
  }

  /** A component and all that it refers to. */
  Map<String, ObjectNode> reachable(String name) {
    if (name.equals(OBJECT_META)) {
      describe(ObjectMeta.class);
    }
    Map<String, ObjectNode> found = new TreeMap<>();
    Set<String> open = new LinkedHashSet<>(Set.of(name));
    while (!open.isEmpty()) {
      String next = open.iterator().next();
      open.remove(next);
      ObjectNode component = components.get(next);
      if (component == null || found.putIfAbsent(next, component) != null) {
        continue;
      }
      component
          .findValues("$ref")
          .forEach(
              ref -> {
                if (ref.isTextual()) {
                  open.add(target(ref.asText()));
                }
              });
    }
    return found;
  }

  private Schema compiled(String name) {
    Schema present = compiled.get(name);
    if (present != null) {
      return present;
    }
    Schema made = Schema.compile(described(name), ref -> compiled(target(ref)));
    compiled.put(name, made);
    return made;
  }

  private ObjectNode described(String name) {
    ObjectNode component = components.get(name);
    if (component == null) {
      throw new IllegalStateException("no schema " + name);
    }
    return component;
  }

  private static String target(String ref) {
    return ref.substring(ref.lastIndexOf('/') + 1);
  }

  private static String name(Class<?> type) {
    String in = type.getPackageName() + ".";
    String rest = in.startsWith(PACKAGE) ? in.substring(PACKAGE.length()) : in;
    if (type == ObjectMeta.class) {
      return OBJECT_META;
    }
    String group = rest.isEmpty() ? "core." : rest;
    return "io.k8s.api." + group + (group.contains(".v") ? "" : "v1.") + type.getSimpleName();
  }

  private void describe(Class<?> type) {
    if (components.containsKey(name(type))) {
      return;
    }
    Map<String, ObjectNode> made = new LinkedHashMap<>();
    describe(type, made);
    components.putAll(made);
  }

  private void describe(Class<?> type, Map<String, ObjectNode> made) {
    String name = name(type);
    if (components.containsKey(name) || made.containsKey(name)) {
      return;
    }
    ObjectNode component = Json.object();
    made.put(name, component);
    component.put("type", "object");
    ObjectNode properties = component.putObject("properties");
    for (Field field : type.getDeclaredFields()) {
      JsonProperty property = field.getAnnotation(JsonProperty.class);
      if (property == null) {
        continue;
      }
      ObjectNode schema = schema(field.getGenericType(), made);
      properties.set(property.value(), schema);
      MergeKeys.Rule rule = MergeKeys.of(type.getSimpleName(), property.value());
      if (rule != null) {
        if (!rule.key().isEmpty()) {
          schema.put("x-kubernetes-patch-merge-key", rule.key());
        }
        schema.put("x-kubernetes-patch-strategy", rule.strategy());
      }
    }
  }

  private ObjectNode schema(Type type, Map<String, ObjectNode> made) {
    ObjectNode schema = Json.object();
    if (type instanceof ParameterizedType generic && generic.getRawType() instanceof Class<?> raw) {
      Type[] arguments = generic.getActualTypeArguments();
      if (Collection.class.isAssignableFrom(raw)) {
        schema.put("type", "array").set("items", schema(arguments[0], made));
      } else if (Map.class.isAssignableFrom(raw)) {
        schema.put("type", "object").set("additionalProperties", schema(arguments[1], made));
      } else {
        schema.put("x-kubernetes-preserve-unknown-fields", true);
      }
      return schema;
    }
    if (!(type instanceof Class<?> plain)) {
      return schema.put("x-kubernetes-preserve-unknown-fields", true);
    }
    if (plain == String.class) {
      return schema.put("type", "string");
    }
    if (plain == Boolean.class || plain == boolean.class) {
      return schema.put("type", "boolean");
    }
    if (plain == Integer.class || plain == int.class) {
      return schema.put("type", "integer").put("format", "int32");
    }
    if (plain == Long.class || plain == long.class) {
      return schema.put("type", "integer").put("format", "int64");
    }
    if (plain == Double.class || plain == Float.class) {
      return schema.put("type", "number").put("format", "double");
    }
    if (plain == MicroTime.class) {
      return schema.put("type", "string").put("format", "date-time");
    }
    if (plain == Quantity.class) {
      schema.putArray("oneOf").addObject().put("type", "string");
      schema.withArray("oneOf").addObject().put("type", "number");
      return schema;
    }
    if (plain == IntOrString.class) {
      schema.put("format", "int-or-string").put("x-kubernetes-int-or-string", true);
      schema.putArray("oneOf").addObject().put("type", "integer");
      schema.withArray("oneOf").addObject().put("type", "string");
      return schema;
    }
    // JSONSchemaProps: a schema of schemas, in which booleans and arrays stand for objects too.
    if (plain == JSONSchemaProps.class
        || AnyType.class.isAssignableFrom(plain)
        || plain.isInterface()
        || !KubernetesResource.class.isAssignableFrom(plain)) {
      return schema.put("x-kubernetes-preserve-unknown-fields", true);
    }
    describe(plain, made);
    return schema.put("$ref", "#/components/schemas/" + name(plain));
  }
}
