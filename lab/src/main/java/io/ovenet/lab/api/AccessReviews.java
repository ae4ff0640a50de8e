package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * TokenRequest, TokenReview and SubjectAccessReview, for those who serve others in this cluster.
 * Thread-safe.
 */
final class AccessReviews {
  static final String AUTHENTICATION = "authentication.k8s.io";
  static final String AUTHORIZATION = "authorization.k8s.io";
  private static final long USUAL_SECONDS = 3600;

  /** The least that Kubernetes gives. */
  private static final long LEAST_SECONDS = 600;

  private static final long MOST_SECONDS = 1L << 32;

  private final Verbs verbs;
  private final Registry registry;
  private final Rbac rbac;
  private final ServiceAccountTokens tokens;
  private final Clock clock;

  AccessReviews(Store store, Verbs verbs, Registry registry, Clock clock) {
    this.verbs = verbs;
    this.registry = registry;
    this.rbac = new Rbac(store);
    this.tokens = new ServiceAccountTokens(clock);
    this.clock = clock;
  }

  /** Whether a path is one of these. */
  static boolean isOne(String group, List<String> path, Call call) {
    return path.size() == 1
        && call.method().equals("POST")
        && (group.equals(AUTHORIZATION)
            ? List.of("selfsubjectaccessreviews", "subjectaccessreviews").contains(path.getFirst())
            : group.equals(AUTHENTICATION) && path.getFirst().equals("tokenreviews"));
  }

  /**
   * Whether the caller may do it: who shows no token everything, a service account what its Roles
   * say.
   *
   * @throws ApiException 401 if the token is nobody's, 403 if he may not
   */
  void check(Call call, Rbac.Attributes wanted) {
    if (call.token().isEmpty()) {
      return;
    }
    ServiceAccountTokens.Account account = account(call.token());
    if (account == null) {
      throw new ApiException(401, "Unauthorized", "Unauthorized");
    }
    String user = user(account);
    if (!rbac.allows(user, groups(account), wanted)) {
      throw new ApiException(
          403,
          "Forbidden",
          "%s is forbidden: User \"%s\" cannot %s resource \"%s\" in API group \"%s\" %s"
              .formatted(
                  wanted.whole() + (wanted.name().isEmpty() ? "" : " \"" + wanted.name() + "\""),
                  user,
                  wanted.verb(),
                  wanted.whole(),
                  wanted.group(),
                  wanted.namespace().isEmpty()
                      ? "at the cluster scope"
                      : "in the namespace \"" + wanted.namespace() + "\""));
    }
  }

  private ServiceAccountTokens.@Nullable Account account(String token) {
    ServiceAccountTokens.Account account = tokens.read(token);
    return account == null || !uid(account.namespace(), account.name()).equals(account.uid())
        ? null
        : account;
  }

  private static String user(ServiceAccountTokens.Account account) {
    return "system:serviceaccount:" + account.namespace() + ":" + account.name();
  }

  private static List<String> groups(ServiceAccountTokens.Account account) {
    return List.of(
        "system:serviceaccounts",
        "system:serviceaccounts:" + account.namespace(),
        "system:authenticated");
  }

  Answer answer(String resource, Call call) {
    if (resource.equals("selfsubjectaccessreviews") && call.token().isEmpty()) {
      return ofTheCaller();
    }
    ServiceAccountTokens.Account caller = call.token().isEmpty() ? null : account(call.token());
    if (!call.token().isEmpty() && caller == null) {
      throw new ApiException(401, "Unauthorized", "Unauthorized");
    }
    ObjectNode review = call.object();
    ObjectNode status = Json.object();
    if (resource.equals("selfsubjectaccessreviews") && caller != null) {
      status.put("allowed", allows(user(caller), groups(caller), review));
    } else if (resource.equals("tokenreviews")) {
      token(review, status);
    } else {
      access(review, status);
    }
    review.putObject("metadata").putNull("creationTimestamp");
    review.set("status", status);
    return Answer.json(201, review);
  }

  /** Who shows no token may do everything, whatever it is (and in whatever form). */
  private static Answer ofTheCaller() {
    ObjectNode review = Json.object();
    review.put("kind", "SelfSubjectAccessReview").put("apiVersion", AUTHORIZATION + "/v1");
    review.putObject("metadata").putNull("creationTimestamp");
    review.putObject("spec");
    review.putObject("status").put("allowed", true);
    return Answer.json(201, review);
  }

  private void token(ObjectNode review, ObjectNode status) {
    String token = Json.text(review, "spec.token");
    if (token.isEmpty()) {
      throw ApiException.badRequest("TokenReview: spec.token is empty: it takes a token");
    }
    ServiceAccountTokens.Account account = account(token);
    if (account == null) {
      status.put("authenticated", false).put("error", "the token is none of this server's, or old");
      return;
    }
    status.put("authenticated", true);
    ObjectNode user = status.putObject("user");
    user.put("username", user(account));
    user.put("uid", account.uid());
    groups(account).forEach(user.putArray("groups")::add);
  }

  private void access(ObjectNode review, ObjectNode status) {
    String user = Json.text(review, "spec.user");
    List<String> groups = Json.strings(review.path("spec").get("groups"));
    if (user.isEmpty() && groups.isEmpty()) {
      throw ApiException.badRequest(
          "SubjectAccessReview: one of spec.user and spec.groups is needed");
    }
    status.put("allowed", allows(user, groups, review));
  }

  private boolean allows(String user, List<String> groups, ObjectNode review) {
    String attributes = "spec.resourceAttributes.";
    var wanted =
        new Rbac.Attributes(
            Json.text(review, attributes + "verb"),
            Json.text(review, attributes + "group"),
            Json.text(review, attributes + "resource"),
            Json.text(review, attributes + "subresource"),
            Json.text(review, attributes + "namespace"),
            Json.text(review, attributes + "name"));
    return !wanted.verb().isEmpty() && rbac.allows(user, groups, wanted);
  }

  /** Of a service account; empty where there is none. */
  private String uid(String namespace, String name) {
    Resource accounts = registry.find("", "v1", "serviceaccounts");
    return accounts == null || !verbs.exists(accounts, namespace, name)
        ? ""
        : verbs.get(accounts, namespace, name).uid();
  }

  /** A new token of a service account that exists. */
  Answer request(String namespace, String name, Call call) {
    ObjectNode request = call.object();
    long seconds = request.path("spec").path("expirationSeconds").asLong(USUAL_SECONDS);
    if (seconds < LEAST_SECONDS || seconds > MOST_SECONDS) {
      throw ApiException.badRequest(
          "TokenRequest: spec.expirationSeconds: "
              + seconds
              + " is not from "
              + LEAST_SECONDS
              + " to "
              + MOST_SECONDS);
    }
    Instant expires = clock.instant().plusSeconds(seconds);
    var account = new ServiceAccountTokens.Account(namespace, name, uid(namespace, name));
    request
        .putObject("status")
        .put("token", tokens.issue(account, expires))
        .put(
            "expirationTimestamp",
            expires.truncatedTo(java.time.temporal.ChronoUnit.SECONDS).toString());
    return Answer.json(201, request);
  }
}
