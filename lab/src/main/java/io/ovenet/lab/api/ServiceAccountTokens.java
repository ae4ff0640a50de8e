package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Instant;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Tokens of service accounts: JSON Web Tokens (RFC 7519) with HS256, by a key of this server's own,
 * so that none outlives it. Thread-safe.
 */
final class ServiceAccountTokens {
  private static final String ALGORITHM = "HmacSHA256";
  private static final String HEADER =
      encode("{\"alg\":\"HS256\",\"typ\":\"JWT\"}".getBytes(StandardCharsets.UTF_8));

  private final SecretKeySpec key;
  private final Clock clock;

  /**
   * A token's meaning.
   *
   * @param uid of the account that it was made for; another one of the same name is not meant
   */
  record Account(String namespace, String name, String uid) {}

  ServiceAccountTokens(Clock clock) {
    byte[] secret = new byte[32];
    new SecureRandom().nextBytes(secret);
    this.key = new SecretKeySpec(secret, ALGORITHM);
    this.clock = clock;
  }

  String issue(Account account, Instant expires) {
    ObjectNode claims = Json.object();
    claims
        .put("sub", "system:serviceaccount:" + account.namespace() + ":" + account.name())
        .put("exp", expires.getEpochSecond())
        .put("namespace", account.namespace())
        .put("name", account.name())
        .put("uid", account.uid());
    String signed = HEADER + "." + encode(Json.bytes(claims));
    return signed + "." + encode(signature(signed));
  }

  /** Whose token it is; null: none of this server's, or expired. */
  @Nullable Account read(String token) {
    int dot = token.lastIndexOf('.');
    int first = token.indexOf('.');
    if (first < 0 || first == dot) {
      return null;
    }
    try {
      byte[] shown = Base64.getUrlDecoder().decode(token.substring(dot + 1));
      if (!MessageDigest.isEqual(shown, signature(token.substring(0, dot)))) {
        return null;
      }
      ObjectNode claims =
          Json.parse(Base64.getUrlDecoder().decode(token.substring(first + 1, dot)));
      return claims.path("exp").asLong() <= clock.instant().getEpochSecond()
          ? null
          : new Account(
              claims.path("namespace").asText(),
              claims.path("name").asText(),
              claims.path("uid").asText());
    } catch (IllegalArgumentException e) {
      return null; // no Base64
    }
  }

  private byte[] signature(String text) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(key);
      return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java has " + ALGORITHM, e);
    }
  }

  private static String encode(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }
}
