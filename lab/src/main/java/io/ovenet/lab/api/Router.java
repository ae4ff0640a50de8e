package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Finds who answers a request, by its path and method. */
final class Router {
  private final Store store;
  private final Registry registry;
  private final Verbs verbs;
  private final Lists lists;
  private final Watches watches;
  private final Tables tables;
  private final Discovery discovery;
  private final OpenApi openApi;
  private final AccessReviews reviews;
  private final @Nullable PodLogs logs;

  Router(Store store, Registry registry, Verbs verbs, @Nullable PodLogs logs) {
    this.store = store;
    this.registry = registry;
    this.verbs = verbs;
    this.logs = logs;
    tables = new Tables();
    lists = new Lists(store, tables);
    watches = new Watches(store, tables);
    discovery = new Discovery(registry, logs != null);
    openApi = new OpenApi(registry);
    reviews = new AccessReviews(store, verbs, registry, Clock.systemUTC());
  }

  /** What the path of an object or a collection says. */
  private record Target(Resource resource, String namespace, String name, String below) {}

  Answer route(Call call) {
    List<String> path = new ArrayList<>(List.of(call.path().split("/", -1)));
    path.removeIf(String::isEmpty);
    String root = path.isEmpty() ? "" : path.getFirst();
    int size = path.size();
    return switch (root) {
      case "healthz", "readyz", "livez" -> Answer.text(200, "ok");
      case "version" -> Answer.json(200, version());
      case "openapi" -> openApi(path);
      case "api" -> {
        if (size == 1) {
          yield discovery.root(true, call);
        }
        yield size == 2
            ? discovery.resources("", path.get(1))
            : resource("", path.get(1), path.subList(2, size), call);
      }
      case "apis" -> {
        if (size == 1) {
          yield discovery.root(false, call);
        }
        if (size == 2) {
          yield discovery.group(path.get(1));
        }
        yield size == 3
            ? discovery.resources(path.get(1), path.get(2))
            : resource(path.get(1), path.get(2), path.subList(3, size), call);
      }
      case "" -> Answer.json(200, paths());
      default -> throw ApiException.noSuchPath();
    };
  }

  private static ObjectNode paths() {
    ObjectNode root = Json.object();
    root.set(
        "paths",
        Json.array(
            List.of("/api", "/apis", "/healthz", "/livez", "/openapi/v3", "/readyz", "/version")));
    return root;
  }

  /** The Kubernetes version whose API this is. */
  private static ObjectNode version() {
    return Json.object()
        .put("major", "1")
        .put("minor", "32")
        .put("gitVersion", "v1.32.0+ovenet")
        .put("gitCommit", "")
        .put("gitTreeState", "clean")
        .put("buildDate", "1970-01-01T00:00:00Z")
        .put("goVersion", "")
        .put("compiler", "javac")
        .put("platform", "linux/amd64");
  }

  private Answer openApi(List<String> path) {
    if (path.size() >= 2 && path.get(1).equals("v3")) {
      return path.size() == 2
          ? openApi.index()
          : openApi.document(String.join("/", path.subList(2, path.size())));
    }
    // Clients that know v3 ask for v2 only when v3 is missing.
    throw ApiException.noSuchPath();
  }

  private Answer resource(String group, String version, List<String> path, Call call) {
    if (AccessReviews.isOne(group, path, call)) {
      return reviews.answer(path.getFirst(), call);
    }
    Target target = target(group, version, path);
    check(target, call);
    return serve(target, call);
  }

  /**
   * Whether the caller may do what is asked below a resource of the core group, by another way than
   * {@link #route}.
   *
   * @throws ApiException if he may not, or it is not there
   */
  void check(Call call) {
    List<String> path = new ArrayList<>(List.of(call.path().split("/", -1)));
    path.removeIf(String::isEmpty);
    check(target("", path.get(1), path.subList(2, path.size())), call);
  }

  private void check(Target target, Call call) {
    reviews.check(
        call,
        new Rbac.Attributes(
            verb(call, target),
            target.resource().group(),
            target.resource().plural(),
            target.below(),
            target.namespace(),
            target.name()));
  }

  /** As Kubernetes calls what a request does. */
  private static String verb(Call call, Target target) {
    boolean one = !target.name().isEmpty();
    return switch (call.method()) {
      case "GET", "HEAD" -> call.flag("watch") ? "watch" : one ? "get" : "list";
      case "POST" -> "create";
      case "PUT" -> "update";
      case "PATCH" -> "patch";
      case "DELETE" -> one ? "delete" : "deletecollection";
      default -> call.method().toLowerCase(java.util.Locale.ROOT);
    };
  }

  private Target target(String group, String version, List<String> path) {
    String namespace = "";
    List<String> rest = path;
    if (path.size() >= 3 && path.getFirst().equals("namespaces")) {
      Resource inside = registry.find(group, version, path.get(2));
      if (inside != null && inside.namespaced()) {
        namespace = path.get(1);
        rest = path.subList(2, path.size());
      }
    }
    Resource resource = rest.isEmpty() ? null : registry.find(group, version, rest.getFirst());
    if (resource == null || rest.size() > 3) {
      throw ApiException.noSuchPath();
    }
    String name = rest.size() > 1 ? rest.get(1) : "";
    if (resource.namespaced() && namespace.isEmpty() && !name.isEmpty()) {
      throw ApiException.noSuchPath();
    }
    return new Target(resource, namespace, name, rest.size() > 2 ? rest.get(2) : "");
  }

  private Answer serve(Target target, Call call) {
    Resource resource = target.resource();
    if (!target.below().isEmpty()) {
      return below(target, call);
    }
    if (target.name().isEmpty()) {
      return switch (call.method()) {
        case "GET", "HEAD" -> {
          Selection selection = Selection.of(resource, target.namespace(), "", call);
          yield call.flag("watch") ? watches.watch(selection, call) : lists.list(selection, call);
        }
        case "POST" -> {
          if (resource.namespaced() && target.namespace().isEmpty()) {
            throw ApiException.badRequest("a namespace is needed to create " + resource.id());
          }
          byte[] made = verbs.create(resource, target.namespace(), call.object(), call);
          yield shaped(resource, 201, made, call);
        }
        case "DELETE" -> deleteAll(target, call);
        default -> throw notAllowed(call);
      };
    }
    return switch (call.method()) {
      case "GET", "HEAD" ->
          call.flag("watch")
              ? watches.watch(Selection.of(resource, target.namespace(), target.name(), call), call)
              : get(target, call);
      case "PUT" -> write(target, false, call);
      case "PATCH" -> write(target, false, call);
      case "DELETE" -> delete(target, call);
      default -> throw notAllowed(call);
    };
  }

  private static ApiException notAllowed(Call call) {
    return new ApiException(
        405,
        "MethodNotAllowed",
        "the server does not allow this method on the requested resource: " + call.method());
  }

  private Answer get(Target target, Call call) {
    Stored stored = verbs.get(target.resource(), target.namespace(), target.name());
    return switch (Shape.of(call)) {
      case OBJECT -> new Answer.Body(200, Answer.JSON, Verbs.bytes(target.resource(), stored));
      case METADATA -> Answer.json(200, Shape.metadataOnly(Verbs.tree(target.resource(), stored)));
      case TABLE -> {
        ObjectNode metadata = Json.object();
        metadata.put("resourceVersion", Long.toString(stored.version()));
        yield Answer.json(
            200, tables.table(target.resource(), List.of(stored), metadata, true, call));
      }
    };
  }

  private Answer write(Target target, boolean status, Call call) {
    Resource resource = target.resource();
    String namespace = target.namespace();
    String name = target.name();
    if (call.method().equals("PUT")) {
      byte[] written = verbs.update(resource, namespace, name, status, call.object(), call);
      return shaped(resource, 200, written, call);
    }
    if (call.contentType().equals("application/apply-patch+yaml")) {
      int code = status || verbs.exists(resource, namespace, name) ? 200 : 201;
      return shaped(resource, code, verbs.apply(resource, namespace, name, status, call), call);
    }
    return shaped(resource, 200, verbs.patch(resource, namespace, name, status, call), call);
  }

  /** A written object, as a table if the client wants it so (kubectl does for some writes). */
  private Answer shaped(Resource resource, int code, byte[] json, Call call) {
    Shape shape = Shape.of(call);
    if (shape == Shape.OBJECT) {
      return new Answer.Body(code, Answer.JSON, json);
    }
    ObjectNode tree = Json.parse(json);
    if (shape == Shape.METADATA) {
      return Answer.json(code, Shape.metadataOnly(tree));
    }
    Key key = resource.key(Json.text(tree, "metadata.namespace"), Json.text(tree, "metadata.name"));
    Stored stored = Stored.read(key, 0, 0, tree, json);
    ObjectNode metadata = Json.object();
    metadata.put("resourceVersion", Json.text(tree, "metadata.resourceVersion"));
    return Answer.json(code, tables.table(resource, List.of(stored), metadata, true, call));
  }

  private Answer delete(Target target, Call call) {
    Resource resource = target.resource();
    DeleteOptions options = DeleteOptions.of(call);
    boolean dryRun = call.dryRun() || dryRun(call);
    Verbs.Written written =
        verbs.delete(resource, target.namespace(), target.name(), options, dryRun);
    if (!written.gone() || resource.is("", "pods")) {
      return new Answer.Body(200, Answer.JSON, written.json());
    }
    ObjectNode status = Json.object().put("kind", "Status").put("apiVersion", "v1");
    status.putObject("metadata");
    status
        .put("status", "Success")
        .putObject("details")
        .put("name", target.name())
        .put("group", resource.group())
        .put("kind", resource.plural())
        .put("uid", Json.text(Json.parse(written.json()), "metadata.uid"));
    return Answer.json(200, status);
  }

  private static boolean dryRun(Call call) {
    ObjectNode body = call.objectIfAny();
    return body != null && Json.strings(body.get("dryRun")).contains("All");
  }

  private Answer deleteAll(Target target, Call call) {
    Selection selection = Selection.of(target.resource(), target.namespace(), "", call);
    DeleteOptions options = DeleteOptions.of(call);
    boolean dryRun = call.dryRun() || dryRun(call);
    Store.Listing listing = store.list(target.resource().id(), target.namespace());
    ObjectNode list = Json.object();
    list.put("kind", target.resource().listKind());
    list.put("apiVersion", target.resource().apiVersion());
    list.putObject("metadata").put("resourceVersion", Long.toString(listing.version()));
    list.putArray("items");
    for (Stored object : listing.items()) {
      if (!selection.matches(object)) {
        continue;
      }
      try {
        Key key = object.key();
        verbs.delete(target.resource(), key.namespace(), key.name(), options, dryRun);
        list.withArray("items").add(Verbs.tree(target.resource(), object));
      } catch (ApiException e) {
        if (e.code() != 404) {
          throw e;
        }
      }
    }
    return Answer.json(200, list);
  }

  private Answer below(Target target, Call call) {
    Resource resource = target.resource();
    boolean pods = resource.is("", "pods");
    return switch (target.below()) {
      case "status" -> {
        if (!resource.status()) {
          throw ApiException.noSuchPath();
        }
        yield switch (call.method()) {
          case "GET", "HEAD" -> get(target, call);
          case "PUT", "PATCH" -> write(target, true, call);
          default -> throw notAllowed(call);
        };
      }
      case "finalize" -> {
        if (!resource.is("", "namespaces") || !call.method().equals("PUT")) {
          throw ApiException.noSuchPath();
        }
        yield write(target, false, call);
      }
      case "log" -> {
        if (!pods || logs == null) {
          throw ApiException.noSuchPath();
        }
        yield log(target, logs, call);
      }
      case "exec" -> {
        // Over a WebSocket it never comes here; a client that takes no answer there asks again.
        if (!pods) {
          throw ApiException.noSuchPath();
        }
        container(target, call);
        throw ApiException.badRequest(
            "pod " + target.name() + " runs no command: see its status; exec needs a WebSocket");
      }
      case "token" -> {
        if (!resource.is("", "serviceaccounts") || !call.method().equals("POST")) {
          throw ApiException.noSuchPath();
        }
        verbs.get(resource, target.namespace(), target.name()); // or it is not found
        yield reviews.request(target.namespace(), target.name(), call);
      }
      case "scale" -> {
        if (!Scale.has(resource)) {
          throw ApiException.noSuchPath();
        }
        yield scale(target, call);
      }
      case "binding" -> {
        if (!pods || !call.method().equals("POST")) {
          throw ApiException.noSuchPath();
        }
        yield bind(target, call);
      }
      default -> throw ApiException.noSuchPath();
    };
  }

  private Answer scale(Target target, Call call) {
    Resource resource = target.resource();
    Stored stored = verbs.get(resource, target.namespace(), target.name());
    ObjectNode object = Verbs.tree(resource, stored);
    return switch (call.method()) {
      case "GET", "HEAD" -> Answer.json(200, Scale.of(object));
      case "PUT", "PATCH" -> {
        byte[] written = merge(target, Scale.patch(resource, object, call), call);
        yield Answer.json(200, Scale.of(Json.parse(written)));
      }
      default -> throw notAllowed(call);
    };
  }

  /** Writes a merge patch on behalf of a call that has another body. */
  private byte[] merge(Target target, JsonNode patch, Call call) {
    Call merge =
        new Call(
            "PATCH",
            call.path(),
            call.query(),
            call.accept(),
            "application/merge-patch+json",
            Json.bytes(patch),
            call.token(),
            call.warnings());
    return verbs.patch(target.resource(), target.namespace(), target.name(), false, merge);
  }

  private Answer bind(Target target, Call call) {
    String node = Json.text(call.object(), "target.name");
    JsonNode patch = Json.object().set("spec", Json.object().put("nodeName", node));
    merge(target, patch, call);
    ObjectNode status = Json.object().put("kind", "Status").put("apiVersion", "v1");
    status.putObject("metadata");
    return Answer.json(201, status.put("status", "Success"));
  }

  private Answer log(Target target, PodLogs source, Call call) {
    String container = container(target, call);
    PodLogs.Request request =
        new PodLogs.Request(
            target.namespace(),
            target.name(),
            container,
            call.flag("follow"),
            call.number("tailLines", -1),
            call.flag("timestamps"),
            call.flag("previous"));
    return new Answer.Stream("text/plain", out -> source.write(request, out));
  }

  /**
   * The container that a request names, "" for none.
   *
   * @throws ApiException if the pod isn't there, or has no such container
   */
  private String container(Target target, Call call) {
    Stored pod = verbs.get(target.resource(), target.namespace(), target.name());
    String container = call.parameter("container");
    List<String> names = new ArrayList<>();
    for (JsonNode one : Json.items(pod.tree(), "spec.containers")) {
      names.add(Json.text(one, "name"));
    }
    if (!container.isEmpty() && !names.contains(container)) {
      throw ApiException.badRequest(
          "container " + container + " is not valid for pod " + target.name());
    }
    return container;
  }
}
