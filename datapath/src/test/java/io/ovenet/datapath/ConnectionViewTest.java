package io.ovenet.datapath;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import org.junit.jupiter.api.Test;

/** The view says what the codecs wrote, whose layouts are held against the kernel's. */
final class ConnectionViewTest {
  private static InetAddress ip(int last) throws Exception {
    return InetAddress.getByAddress(new byte[] {10, 0, 0, (byte) last});
  }

  private static ConnectionView view(int protocol, int keyFlags, boolean hiBegan) throws Exception {
    var key = new ConntrackKey(ip(1), ip(2), 80, 40_000, protocol, keyFlags, 3);
    var entry =
        new ConntrackEntry(
            77,
            Verdict.AUDIT.number(),
            900,
            800,
            1001,
            1002,
            new EndpointRef(11, 5),
            new EndpointRef(12, 6),
            21,
            22,
            0,
            0,
            0,
            hiBegan ? ConntrackEntry.HI_BEGAN : 0,
            1,
            0,
            0,
            31,
            32,
            41,
            42,
            ip(9),
            0,
            0);
    byte[] keyBytes = new byte[ConntrackKey.CODEC.size()];
    byte[] entryBytes = new byte[ConntrackEntry.CODEC.size()];
    ConntrackKey.CODEC.write(key, MemorySegment.ofArray(keyBytes), 0);
    ConntrackEntry.CODEC.write(entry, MemorySegment.ofArray(entryBytes), 0);
    return new ConnectionView()
        .at(MemorySegment.ofArray(keyBytes), MemorySegment.ofArray(entryBytes));
  }

  @Test
  void asTheCodecsWroteIt() throws Exception {
    ConnectionView view = view(6, 0, true);
    assertThat(view.sourceLow()).isEqualTo(0xffff_0a00_0002L);
    assertThat(view.destinationLow()).isEqualTo(0xffff_0a00_0001L);
    assertThat(view.sourceHigh()).isZero();
    assertThat(view.destinationPort()).isEqualTo(80);
    assertThat(view.protocol()).isEqualTo(6);
    assertThat(view.network()).isEqualTo(3);
    assertThat(view.verdict()).isEqualTo(Verdict.AUDIT.number());
    assertThat(view.beganAtNanos()).isEqualTo(800);
    assertThat(view.sourceIdentity()).isEqualTo(1002);
    assertThat(view.destinationIdentity()).isEqualTo(1001);
    assertThat(view.sourceEndpoint()).isEqualTo(12);
    assertThat(view.destinationEndpoint()).isEqualTo(11);
    assertThat(view.egressRule()).isEqualTo(21);
    assertThat(view.ingressRule()).isEqualTo(22);
    assertThat(view.packetsOnwards()).isEqualTo(31);
    assertThat(view.packetsBack()).isEqualTo(32);
    assertThat(view.bytesOnwards()).isEqualTo(41);
    assertThat(view.bytesBack()).isEqualTo(42);
    ConnectionView other = view(6, 0, false);
    assertThat(other.sourceLow()).isEqualTo(0xffff_0a00_0001L);
    assertThat(other.destinationPort()).isEqualTo(40_000);
    assertThat(other.hash()).isEqualTo(view.hash());
    assertThat(view(17, 0, true).hash()).isNotEqualTo(view.hash());
    assertThat(view(1, 8 | 0x80, true).destinationPort()).as("ICMP's type").isEqualTo(8);
  }
}
