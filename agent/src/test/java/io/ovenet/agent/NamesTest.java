package io.ovenet.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.flow.Addresses;
import io.ovenet.flow.FlowEndpoint;
import io.ovenet.policy.Labels;
import java.net.InetAddress;
import org.junit.jupiter.api.Test;

class NamesTest {
  private final Names names = new Names("default", "node-2", new RuleNumbers(8));

  private static InetAddress address() {
    return InetAddress.ofLiteral("10.0.1.3");
  }

  private FlowEndpoint source(int identity) {
    var halves = Addresses.halves(address());
    return names.end(System.nanoTime(), 0, identity, true, 0, halves[0], halves[1]);
  }

  @Test
  void aPodElsewhereHasTheLabelsOfItsIdentity() {
    names.identity(4711, Labels.parse("k8s:app=customer"));
    names.remote(address(), 4711, "shop", "customer", "");
    assertThat(source(4711).labels().texts()).containsExactly("k8s:app=customer");
  }

  @Test
  void aPodElsewhereMayBeKnownBeforeItsIdentity() {
    names.remote(address(), 4711, "shop", "customer", "");
    assertThat(source(4711).podName()).isEqualTo("customer");
    assertThat(source(4711).labels().texts()).isEmpty();

    names.identity(4711, Labels.parse("k8s:app=customer"));

    var known = source(4711);
    assertThat(known.podName()).isEqualTo("customer");
    assertThat(known.labels().texts()).containsExactly("k8s:app=customer");
    // One object for all of its flows: the ledger and the serialized form hang on it.
    assertThat(source(4711)).isSameAs(known);
  }

  @Test
  void aPodElsewhereThatIsGoneIsNamedAsItWas() {
    names.remote(address(), 4711, "shop", "customer", "");
    names.remoteGone(address());
    names.identity(4711, Labels.parse("k8s:app=customer"));
    assertThat(source(4711).labels().texts()).containsExactly("k8s:app=customer");
    names.remote(address(), 4712, "shop", "other", "");
    names.identity(4712, Labels.parse("k8s:app=other"));
    assertThat(source(4712).podName()).isEqualTo("other");
    assertThat(source(4712).labels().texts()).containsExactly("k8s:app=other");
  }
}
