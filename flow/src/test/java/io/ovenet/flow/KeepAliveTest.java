package io.ovenet.flow;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Clients that ask whether a connection still lives, by HTTP/2's own frames: gRPC's clients in Go
 * do so every ten seconds, our relay every thirty, with and without a call.
 */
@Timeout(60)
final class KeepAliveTest {
  private static final String PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  private static final int SETTINGS = 4;
  private static final int PING = 6;
  private static final int GOAWAY = 7;
  private static final int ACK = 1;
  private static final int PINGS = 6;

  @TempDir Path directory = Path.of("");

  private static void frame(OutputStream to, int type, int flags, byte[] payload)
      throws IOException {
    var frame = ByteBuffer.allocate(9 + payload.length);
    frame.put((byte) 0).putShort((short) payload.length).put((byte) type).put((byte) flags);
    frame.putInt(0).put(payload);
    to.write(frame.array());
    to.flush();
  }

  /** Reads frames until a ping is answered, or the server ends the connection: then its words. */
  private static String answer(DataInputStream from, OutputStream to) throws IOException {
    while (true) {
      int length = from.readUnsignedByte() << 16 | from.readUnsignedShort();
      int type = from.readUnsignedByte();
      int flags = from.readUnsignedByte();
      from.readInt();
      byte[] payload = from.readNBytes(length);
      if (type == SETTINGS && flags == 0) {
        frame(to, SETTINGS, ACK, new byte[0]);
      } else if (type == PING && flags == ACK) {
        return "";
      } else if (type == GOAWAY) {
        return "GOAWAY " + new String(payload, 8, length - 8, US_ASCII);
      }
    }
  }

  @Test
  void pingsWithoutACallEndNoConnection() throws Exception {
    var ring = new FlowRing(63);
    var observer =
        new ObserverService(
            ring,
            new FlowStatistics(Flows.BOOT),
            Flows.UUIDS,
            "default/node1",
            "ovenet v0.1.0",
            () -> Flows.BOOT);
    try (HubbleServer server =
            HubbleServer.start(
                observer,
                "1.19.4",
                directory.resolve("hubble.sock"),
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        var socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      var from = new DataInputStream(socket.getInputStream());
      OutputStream to = socket.getOutputStream();
      to.write(PREFACE.getBytes(US_ASCII));
      frame(to, SETTINGS, 0, new byte[0]);
      for (int i = 0; i < PINGS; i++) {
        frame(to, PING, 0, new byte[8]);
        assertThat(answer(from, to)).as("ping %d", i).isEmpty();
        // The least that a client has to leave between two; gRPC's leave ten times as much.
        TimeUnit.NANOSECONDS.sleep(HubbleServer.PING_EVERY_NANOS);
      }
    }
  }
}
