package io.ovenet.kubernetes.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.policy.PolicyKind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Documents that do not mean anything: the field is named, and nothing crashes. */
class InvalidDocumentsTest {
  private final PolicyParser parser = new PolicyParser("default");

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "spec | ingress: [{}]",
        "spec | endpointSelector: {}, nodeSelector: {}, ingress: [{}]",
        "spec.nodeSelector | nodeSelector: {}, ingress: [{}]",
        "spec | endpointSelector: {}",
        "spec | endpointSelector: {}, ingress: []",
        "spec.ingres | endpointSelector: {}, ingres: [{}]",
        "spec.ingress | endpointSelector: {}, ingress: {}",
        "spec.ingress[0].fromEndpoint | endpointSelector: {}, ingress: [{fromEndpoint: [{}]}]",
        "spec.ingress[0].toEndpoints | endpointSelector: {}, ingress: [{toEndpoints: [{}]}]",
        "spec.ingress[0].fromCIDR | endpointSelector: {}, ingress: [{fromEndpoints: [{}], fromCIDR: [10.0.0.0/8]}]",
        "spec.ingress[0].fromCIDR[0] | endpointSelector: {}, ingress: [{fromCIDR: [10.0.0.300]}]",
        "spec.ingress[0].fromCIDR[0] | endpointSelector: {}, ingress: [{fromCIDR: [10.0.0.0/33]}]",
        "spec.ingress[0].fromCIDRSet[0].except[0] | endpointSelector: {}, ingress: [{fromCIDRSet: [{cidr: 10.0.0.0/8, except: [11.0.0.0/16]}]}]",
        "spec.ingress[0].fromCIDRSet[0] | endpointSelector: {}, ingress: [{fromCIDRSet: [{cidr: 10.0.0.0/8, cidrGroupRef: g}]}]",
        "spec.ingress[0].fromCIDRSet[0].cidr | endpointSelector: {}, ingress: [{fromCIDRSet: [{cidr: 10.0.0.1}]}]",
        "spec.ingress[0].fromEntities[0] | endpointSelector: {}, ingress: [{fromEntities: [moon]}]",
        "spec.ingress[0].fromRequires | endpointSelector: {}, ingress: [{fromRequires: [{}]}]",
        "spec.ingress[0].toPorts[0].ports[0].endPort | endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: '80', endPort: 79}]}]}]",
        "spec.ingress[0].toPorts[0].ports[0].port | endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: '080'}]}]}]",
        "spec.ingress[0].toPorts[0].ports[0].port | endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: '65536'}]}]}]",
        "spec.ingress[0].toPorts[0].ports[0].port | endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: 80}]}]}]",
        "spec.ingress[0].toPorts[0].ports[0].port | endpointSelector: {}, ingress: [{toPorts: [{ports: [{protocol: TCP}]}]}]",
        "spec.ingress[0].toPorts[0].ports[0].protocol | endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: '80', protocol: ICMP}]}]}]",
        "spec.ingress[0].icmps | endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: '80'}]}], icmps: [{fields: [{type: 8}]}]}]",
        "spec.ingress[0].icmps[0].fields[0].type | endpointSelector: {}, ingress: [{icmps: [{fields: [{type: 256}]}]}]",
        "spec.ingress[0].icmps[0].fields[0].type | endpointSelector: {}, ingress: [{icmps: [{fields: [{type: Eko}]}]}]",
        "spec.ingressDeny[0].toPorts[0] | endpointSelector: {}, ingressDeny: [{toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {http: [{}]}}]}]",
        "spec.egressDeny[0].toFQDNs | endpointSelector: {}, egressDeny: [{toFQDNs: [{matchName: a.b}]}]",
        "spec.egressDeny[0].authentication | endpointSelector: {}, egressDeny: [{authentication: {mode: required}}]",
        "spec.ingress[0].authentication.mode | endpointSelector: {}, ingress: [{authentication: {mode: maybe}}]",
        "spec.ingress[0].toPorts[0].rules | endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {http: [{}], dns: [{matchName: a}]}}]}]",
        "spec.ingress[0].toPorts[0].rules.http[0].path | endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {http: [{path: '['}]}}]}]",
        "spec.ingress[0].toPorts[0].rules.http[0].path | endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {http: [{path: '/a(?=b)'}]}}]}]",
        "spec.ingress[0].toPorts[0].rules.http[0].path | endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {http: [{path: '/(a)\\1'}]}}]}]",
        "spec.ingress[0].toPorts[0].rules.http[0].host | endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {http: [{host: 'a*+'}]}}]}]",
        "spec.ingress[0].toPorts[0].rules.dns | endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: '53'}], rules: {dns: [{matchName: a}]}}]}]",
        "spec.ingress[0].toPorts[0].ports[0].protocol | endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: '80'}], rules: {http: [{}]}}]}]",
        "spec.egress[0].toFQDNs[0] | endpointSelector: {}, egress: [{toFQDNs: [{matchName: a, matchPattern: b}]}]",
        "spec.egress[0].toServices[0] | endpointSelector: {}, egress: [{toServices: [{}]}]",
        "spec.endpointSelector.matchExpressions[0].operator | endpointSelector: {matchExpressions: [{key: a, operator: Near}]}, ingress: [{}]",
        "spec.endpointSelector.matchExpressions[0].values | endpointSelector: {matchExpressions: [{key: a, operator: In}]}, ingress: [{}]",
        "spec.endpointSelector.matchLabels.a b | endpointSelector: {matchLabels: {a b: c}}, ingress: [{}]",
        "spec.enableDefaultDeny.ingress | endpointSelector: {}, enableDefaultDeny: {ingress: sure}, ingress: [{}]",
        "spec.log.value | endpointSelector: {}, log: {value: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}, ingress: [{}]"
      })
  void namesTheField(String path, String spec) {
    ParsedPolicy.Invalid invalid = invalid("{metadata: {name: p}, spec: {" + spec + "}}");
    assertThat(invalid.error().path()).isEqualTo(path);
    assertThat(invalid.error().message()).isNotBlank();
    assertThat(invalid.error().remedy()).isNotBlank();
  }

  private ParsedPolicy.Invalid invalid(String document) {
    ParsedPolicy parsed = parser.parse(PolicyKind.CILIUM_NETWORK_POLICY, Json.object(document));
    assertThat(parsed).isInstanceOf(ParsedPolicy.Invalid.class);
    return (ParsedPolicy.Invalid) parsed;
  }

  @Test
  void fortyOnePortsAreTooMany() {
    String ports = "{port: '80'},".repeat(41);
    assertThat(
            invalid(
                    "{metadata: {name: p}, spec: {endpointSelector: {},"
                        + " ingress: [{toPorts: [{ports: ["
                        + ports
                        + "]}]}]}}")
                .error()
                .path())
        .isEqualTo("spec.ingress[0].toPorts[0].ports");
  }

  @Test
  void isolatesTheSubjectThatCouldBeRead() {
    ParsedPolicy.Invalid invalid =
        invalid(
            "{metadata: {name: p, namespace: shop}, spec: {endpointSelector: {matchLabels:"
                + " {app: web}}, ingress: [{fromEntities: [moon]}]}}");
    assertThat(invalid.isolation().rules()).hasSize(1);
    assertThat(invalid.isolation().rules().getFirst().ingressDefaultDeny()).isTrue();
    assertThat(invalid.isolation().rules().getFirst().egressDefaultDeny()).isFalse();
    assertThat(invalid.isolation().rules().getFirst().entries()).isEmpty();
    assertThat(
            invalid("{metadata: {name: p}, spec: {endpointSelector: 5, ingress: [{}]}}")
                .isolation()
                .rules())
        .isEmpty();
  }
}
