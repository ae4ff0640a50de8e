package io.ovenet.kubernetes;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Who somebody is and what he may, as the API server has it: TokenReview (authentication.k8s.io/v1)
 * and SubjectAccessReview (authorization.k8s.io/v1). Thread-safe; each question is a call.
 */
public final class Reviews {
  private static final String TOKENS = "/apis/authentication.k8s.io/v1/tokenreviews";
  private static final String ACCESS = "/apis/authorization.k8s.io/v1/subjectaccessreviews";

  private final KubernetesApi api;

  public Reviews(KubernetesApi api) {
    this.api = api;
  }

  /** Somebody whom the API server knows, with all that it decides by. */
  public record User(String name, JsonObject whole) {}

  /** Whose token it is; null: nobody's, or no more. */
  public @Nullable User user(String token) throws IOException {
    var review =
        Map.of(
            "apiVersion",
            "authentication.k8s.io/v1",
            "kind",
            "TokenReview",
            "spec",
            Map.of("token", token));
    var status = api.create(TOKENS, review).object("status");
    var user = status.object("user");
    var name = user.string("username");
    return status.bool("authenticated") && !name.isEmpty() ? new User(name, user) : null;
  }

  /**
   * Whether he may do something with objects of a kind.
   *
   * @param namespace empty: of all namespaces
   */
  public boolean may(User user, String verb, String group, String resource, String namespace)
      throws IOException {
    var attributes = new LinkedHashMap<String, Object>();
    attributes.put("verb", verb);
    attributes.put("group", group);
    attributes.put("resource", resource);
    if (!namespace.isEmpty()) {
      attributes.put("namespace", namespace);
    }
    var spec = new LinkedHashMap<String, Object>();
    spec.put("user", user.name());
    spec.put("uid", user.whole().string("uid"));
    spec.put("groups", user.whole().strings("groups"));
    spec.put("extra", user.whole().object("extra").fields());
    spec.put("resourceAttributes", attributes);
    var review =
        Map.of(
            "apiVersion", "authorization.k8s.io/v1", "kind", "SubjectAccessReview", "spec", spec);
    var status = api.create(ACCESS, review).object("status");
    return status.bool("allowed") && !status.bool("denied");
  }
}
