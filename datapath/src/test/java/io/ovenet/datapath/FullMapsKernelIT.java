package io.ovenet.datapath;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ovenet.bpf.BpfException;
import io.ovenet.datapath.TestNode.Outcome;
import java.io.IOException;
import java.net.InetAddress;
import org.junit.jupiter.api.Test;

/** Maps without room for more: closed, not open. Of connections see {@link ConntrackKernelIT}. */
class FullMapsKernelIT {
  /** What a full map has no room for is refused, and the rest decided as before. */
  @Test
  void whatAFullPolicyMapHasNoRoomForIsRefused() throws IOException {
    DatapathOptions options = TestNode.options();
    DatapathOptions small =
        new DatapathOptions(
            options.hostIfindex(),
            options.hostMac(),
            options.gateway(),
            options.connections(),
            options.connectionShare(),
            options.timeouts(),
            options.reporting(),
            options.ringBytes(),
            8,
            options.identities(),
            options.prefixes(),
            options.tunnelIfindex(),
            options.network(),
            options.answerRefused());
    try (TestNode node = new TestNode(small)) {
      node.enforce(node.web, Endpoint.Flag.ENFORCE_INGRESS);
      for (int port = 1; port <= 8; port++) {
        node.rule(node.web, PolicyKey.INGRESS, TestNode.CLIENT, 17, port, Verdict.ALLOW, port);
      }
      assertThatThrownBy(
              () ->
                  node.rule(node.web, PolicyKey.INGRESS, TestNode.CLIENT, 17, 9, Verdict.ALLOW, 9))
          .isInstanceOf(BpfException.class)
          .hasMessageMatching(".*policy_map.*(E2BIG|ENOSPC|ENOMEM).*");
      for (int port = 1; port <= 9; port++) {
        Outcome outcome = node.send(node.client, node.client.to(node.web).udp(4000, port));
        assertThat(outcome.returned())
            .as("port " + port)
            .isEqualTo(port <= 8 ? TestNode.REDIRECT : TestNode.SHOT);
        if (port > 8) {
          assertThat(outcome.what())
              .containsExactly("ALLOW out", "DEFAULT in", "drop POLICY_DENIED NONE");
        }
      }
    }
  }

  @Test
  void anEndpointThatAFullMapHasNoRoomForGetsNothing() throws IOException {
    try (TestNode node = new TestNode(TestNode.options())) {
      AddressKey client = new AddressKey(node.client.address());
      node.datapath.endpointsByAddress().delete(client);
      int room = node.datapath.endpointsByAddress().capacity() - (node.pods().size() - 1);
      for (int i = 0; i < room; i++) {
        byte[] address = {10, 9, (byte) (i >> 8), (byte) i};
        node.datapath
            .endpointsByAddress()
            .upsert(new AddressKey(InetAddress.getByAddress(address)), new EndpointRef(9, 1));
      }
      EndpointRef ref = new EndpointRef(node.client.id(), 1);
      assertThatThrownBy(() -> node.datapath.endpointsByAddress().upsert(client, ref))
          .isInstanceOf(BpfException.class)
          .hasMessageContaining("E2BIG");
      // Its address is somebody's on the way: the stack's, whose device gives it nowhere to go.
      node.send(node.web, node.web.to(node.client).udp(53, 4000));
      Outcome arrived =
          node.run("from_host", node.web, node.web.to(node.client).udp(53, 4000).bytes());
      assertThat(arrived.returned()).isEqualTo(TestNode.SHOT);
      assertThat(arrived.what()).containsExactly("drop NO_MATCHING_LOCAL_CONTAINER_FOUND NONE");
      assertThat(node.send(node.web, node.web.to(node.stranger).udp(53, 4000)).returned())
          .as("others")
          .isEqualTo(TestNode.REDIRECT);
    }
  }
}
