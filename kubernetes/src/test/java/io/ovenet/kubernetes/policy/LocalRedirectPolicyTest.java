package io.ovenet.kubernetes.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ovenet.kubernetes.JsonObject;
import io.ovenet.kubernetes.LocalRedirectPolicyRecord;
import io.ovenet.kubernetes.RecordKind;
import io.ovenet.policy.PolicyException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LocalRedirectPolicyTest {
  private static final String BACKEND =
      "redirectBackend: {localEndpointSelector: {}, toPorts: [{port: '53', protocol: UDP}]}";

  private static LocalRedirectPolicy of(String spec) {
    LocalRedirectPolicyRecord record =
        RecordKind.LOCAL_REDIRECT_POLICIES
            .reader()
            .apply(
                JsonObject.of(
                    Json.object("{metadata: {name: p, namespace: dns}, spec: {" + spec + "}}")));
    return LocalRedirectPolicy.of(record);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "spec.redirectFrontend | redirectFrontend: {}",
        "spec.redirectFrontend | redirectFrontend: {addressMatcher: {ip: 1.2.3.4}, serviceMatcher: {serviceName: a, namespace: dns}}",
        "spec.redirectFrontend.addressMatcher.ip | redirectFrontend: {addressMatcher: {ip: 1.2.3, toPorts: [{port: '53', protocol: UDP}]}}",
        "spec.redirectFrontend.addressMatcher.toPorts | redirectFrontend: {addressMatcher: {ip: 1.2.3.4, toPorts: []}}",
        "spec.redirectFrontend.addressMatcher.toPorts[0].port | redirectFrontend: {addressMatcher: {ip: 1.2.3.4, toPorts: [{port: '0', protocol: UDP}]}}",
        "spec.redirectFrontend.addressMatcher.toPorts[0].protocol | redirectFrontend: {addressMatcher: {ip: 1.2.3.4, toPorts: [{port: '53', protocol: SCTP}]}}",
        "spec.redirectFrontend.serviceMatcher.namespace | redirectFrontend: {serviceMatcher: {serviceName: a, namespace: other}}",
        "spec.redirectFrontend.serviceMatcher.serviceName | redirectFrontend: {serviceMatcher: {namespace: dns}}",
        "spec.redirectFrontend.serviceMatcher.toPorts[0].name | redirectFrontend: {serviceMatcher: {serviceName: a, namespace: dns, toPorts: [{port: '53', protocol: UDP}, {port: '54', protocol: UDP}]}}",
        "spec.redirectBackend.toPorts | redirectFrontend: {addressMatcher: {ip: 1.2.3.4, toPorts: [{port: '53', protocol: TCP}]}}"
      })
  void whatMeansNothingIsRefusedWithItsField(String field, String frontend) {
    assertThatThrownBy(() -> of(frontend + ", " + BACKEND))
        .isInstanceOfSatisfying(
            PolicyException.class,
            e -> {
              assertThat(e.notice().path()).isEqualTo(field);
              assertThat(e.notice().remedy()).isNotBlank();
            });
  }

  @Test
  void severalPortsGoByTheirNames() {
    LocalRedirectPolicy policy =
        of(
            "redirectFrontend: {serviceMatcher: {serviceName: a, namespace: dns}}, redirectBackend:"
                + " {localEndpointSelector: {}, toPorts: [{port: '53', name: DNS, protocol: UDP},"
                + " {port: '5353', name: dns-tcp, protocol: TCP}]}");
    assertThat(policy.backendPort("dns", 53, "UDP"))
        .isEqualTo(new LocalRedirectPolicy.Port("dns", 53, "UDP"));
    assertThat(policy.backendPort("dns-tcp", 53, "TCP"))
        .isEqualTo(new LocalRedirectPolicy.Port("dns-tcp", 5353, "TCP"));
    assertThat(policy.backendPort("dns", 53, "TCP")).isNull();
    assertThat(policy.backendPort("metrics", 9153, "TCP")).isNull();
  }

  @Test
  void onePortNeedsNoName() {
    LocalRedirectPolicy policy =
        of(
            "redirectFrontend: {serviceMatcher: {serviceName: a, namespace: dns, toPorts: [{port:"
                + " '53', protocol: UDP}]}}, "
                + BACKEND);
    assertThat(policy.backendPort("whatever", 53, "UDP"))
        .isEqualTo(new LocalRedirectPolicy.Port("", 53, "UDP"));
    assertThat(policy.backendPort("whatever", 54, "UDP")).isNull();
    assertThat(policy.skipFromBackend()).isFalse();
  }
}
