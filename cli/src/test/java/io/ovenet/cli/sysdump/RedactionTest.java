package io.ovenet.cli.sysdump;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.kubernetes.Json;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class RedactionTest {
  private static String redacted(String text) {
    var object = Json.parse(text.getBytes(StandardCharsets.UTF_8));
    return new String(Json.write(Redaction.of(object)), StandardCharsets.UTF_8);
  }

  @Test
  void whatMayBeSecretIsGoneAndWhatPolicyNeedsStays() {
    assertThat(
            redacted(
                """
                {"kind":"Pod","metadata":{"name":"a","labels":{"app":"web"},
                 "managedFields":[{"manager":"x"}],
                 "annotations":{"kubectl.kubernetes.io/last-applied-configuration":"S3CRET",
                  "note":"kept"}},
                 "spec":{"nodeName":"n1","containers":[{"name":"c","env":[
                   {"name":"PGPASSWORD","value":"S3CRET"},
                   {"name":"FROM","valueFrom":{"secretKeyRef":{"name":"db","key":"pw"}}}],
                  "ports":[{"name":"http","containerPort":80}]}]},
                 "status":{"podIP":"10.0.0.1"}}"""))
        .isEqualTo(
            "{\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\",\"labels\":{\"app\":\"web\"},"
                + "\"annotations\":{\"note\":\"kept\"}},\"spec\":{\"nodeName\":\"n1\","
                + "\"containers\":[{\"name\":\"c\",\"env\":[{\"name\":\"PGPASSWORD\","
                + "\"value\":\"(removed)\"},{\"name\":\"FROM\",\"valueFrom\":{\"secretKeyRef\":"
                + "{\"name\":\"db\",\"key\":\"pw\"}}}],\"ports\":[{\"name\":\"http\","
                + "\"containerPort\":80}]}]},\"status\":{\"podIP\":\"10.0.0.1\"}}");
  }

  @Test
  void whatAMachineIsToldAtItsBeginningIsGone() {
    assertThat(
            redacted(
                """
                {"spec":{"volumes":[{"name":"i","cloudInitNoCloud":{"userData":"S3CRET",
                 "userDataBase64":"S3CRET","networkData":"S3CRET"}}],
                 "dbPassword":"S3CRET","apiKey":"S3CRET","serviceAccountToken":"S3CRET"}}"""))
        .doesNotContain("S3CRET")
        .contains("\"userData\":\"(removed)\"");
  }
}
