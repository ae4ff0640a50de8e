package io.ovenet.bpf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Both modes, with datagrams over a veth pair to see what a program does. */
@ExtendWith(PrivateBpffs.class)
class TcAttachmentKernelIT {
  private static final InetAddress NEAR = InetAddress.ofLiteral("10.8.0.1");
  private static final InetAddress FAR = InetAddress.ofLiteral("10.8.0.2");
  private static final int IFINDEX = 0x100001;

  private final NetworkNamespace near = NetworkNamespace.create();
  private final NetworkNamespace far = NetworkNamespace.create();
  private final BpfObject object = TestObject.open("pass", "drop").load();
  private final BpfProgram pass = object.program("pass");
  private final BpfProgram drop = object.program("drop");
  private int sent;

  @BeforeEach
  void connect() {
    try (Netlink netlink = Netlink.open(near);
        Netlink remote = Netlink.open(far)) {
      netlink
          .links()
          .createVeth(LinkSpec.named("near").withIfindex(IFINDEX), LinkSpec.named("far").in(far));
      netlink.addresses().add(IFINDEX, new IpPrefix(NEAR, 24));
      netlink.links().setUp(IFINDEX);
      Link peer = Objects.requireNonNull(remote.links().get("far"));
      remote.addresses().add(peer.ifindex(), new IpPrefix(FAR, 24));
      remote.links().setUp(peer.ifindex());
      Link here = Objects.requireNonNull(netlink.links().get(IFINDEX));
      netlink.neighbours().replace(IFINDEX, FAR, Objects.requireNonNull(peer.mac()));
      remote.neighbours().replace(peer.ifindex(), NEAR, Objects.requireNonNull(here.mac()));
    }
  }

  @AfterEach
  void close() {
    pass.close();
    drop.close();
    object.close();
    near.close();
    far.close();
  }

  /** Whether a datagram reaches the other end of the veth pair. */
  private boolean passes(TcDirection direction) throws IOException {
    boolean egress = direction == TcDirection.EGRESS;
    try (DatagramSocket receiver =
            (egress ? far : near)
                .call(() -> new DatagramSocket(new InetSocketAddress(egress ? FAR : NEAR, 0)));
        DatagramSocket sender = (egress ? near : far).call(() -> new DatagramSocket(0))) {
      receiver.setSoTimeout(200);
      byte[] payload = {(byte) ++sent};
      sender.send(new DatagramPacket(payload, 1, receiver.getLocalSocketAddress()));
      try {
        receiver.receive(new DatagramPacket(new byte[1], 1));
        return true;
      } catch (SocketTimeoutException e) {
        return false;
      }
    }
  }

  private void within(Runnable action) {
    near.call(
        () -> {
          action.run();
          return true;
        });
  }

  @ParameterizedTest
  @EnumSource
  void programDecidesUntilItIsDetached(AttachMode mode, Path bpffs) throws Exception {
    for (TcDirection direction : TcDirection.values()) {
      TcAttachment place =
          TcAttachment.at(mode, IFINDEX, direction, bpffs.resolve(direction.name()));
      assertThat(near.call(place::programId)).isEmpty();
      assertThat(passes(direction)).isTrue();
      within(() -> place.attach(drop));
      assertThat(near.call(place::programId)).hasValue(drop.id());
      assertThat(passes(direction)).isFalse();
      within(() -> place.attach(drop));
      within(() -> place.attach(pass));
      assertThat(near.call(place::programId)).hasValue(pass.id());
      assertThat(passes(direction)).isTrue();
      within(() -> place.attach(drop));
      assertThat(near.call(place::detach)).isTrue();
      assertThat(near.call(place::detach)).isFalse();
      assertThat(near.call(place::programId)).isEmpty();
      assertThat(passes(direction)).isTrue();
    }
  }

  @Test
  void eachModeTakesTheOthersPlace(Path bpffs) throws Exception {
    Path pin = bpffs.resolve("link");
    TcAttachment tcx = TcAttachment.at(AttachMode.TCX, IFINDEX, TcDirection.INGRESS, pin);
    TcAttachment clsact = TcAttachment.at(AttachMode.CLSACT, IFINDEX, TcDirection.INGRESS, pin);
    within(() -> clsact.attach(drop));
    within(() -> tcx.attach(pass));
    assertThat(near.call(clsact::programId)).isEmpty();
    assertThat(passes(TcDirection.INGRESS)).isTrue();
    within(() -> clsact.attach(drop));
    assertThat(near.call(tcx::programId)).isEmpty();
    assertThat(pin).doesNotExist();
    assertThat(passes(TcDirection.INGRESS)).isFalse();
  }

  @Test
  void pinOfADeviceThatWentAwayIsUsedAgain(Path bpffs) {
    Path pin = bpffs.resolve("link");
    TcAttachment place = TcAttachment.at(AttachMode.TCX, IFINDEX, TcDirection.INGRESS, pin);
    within(() -> place.attach(drop));
    try (Netlink netlink = Netlink.open(near)) {
      assertThat(netlink.links().delete(IFINDEX)).isTrue();
      assertThat(near.call(place::programId)).isEmpty();
      netlink
          .links()
          .createVeth(LinkSpec.named("near").withIfindex(IFINDEX), LinkSpec.named("far"));
    }
    within(() -> place.attach(pass));
    assertThat(near.call(place::programId)).hasValue(pass.id());
    assertThat(near.call(place::detach)).isTrue();
    assertThat(pin).doesNotExist();
  }

  @ParameterizedTest
  @EnumSource
  void missingDeviceIsToldSo(AttachMode mode, Path bpffs) {
    TcAttachment place = TcAttachment.at(mode, 12345, TcDirection.INGRESS, bpffs.resolve("link"));
    assertThatThrownBy(() -> within(() -> place.attach(drop)))
        .isInstanceOf(KernelException.class)
        .hasMessageContaining("12345");
    assertThat(near.call(place::detach)).isFalse();
  }

  @Test
  void linkOfItsOwnEndsWithItsDescriptor() {
    within(
        () -> {
          try (BpfLink link = BpfLink.attachDevice(drop, IFINDEX, AttachType.TCX_EGRESS)) {
            assertThat(link.describe().ifindex()).isEqualTo(IFINDEX);
            assertThatThrownBy(() -> BpfLink.attachDevice(drop, IFINDEX, AttachType.TCX_EGRESS))
                .hasMessageContaining("EEXIST");
          }
          BpfLink.attachDevice(drop, IFINDEX, AttachType.TCX_EGRESS).close();
        });
  }

  @Test
  void modeIsForcedByTheProperty() {
    assertThat(AttachMode.select()).isEqualTo(AttachMode.TCX);
    System.setProperty(AttachMode.PROPERTY, "clsact");
    try {
      assertThat(AttachMode.select()).isEqualTo(AttachMode.CLSACT);
      System.setProperty(AttachMode.PROPERTY, "xdp");
      assertThatThrownBy(AttachMode::select).hasMessageContaining("xdp");
    } finally {
      System.clearProperty(AttachMode.PROPERTY);
    }
  }
}
