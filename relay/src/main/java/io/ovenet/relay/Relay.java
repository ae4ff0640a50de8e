package io.ovenet.relay;

import io.ovenet.flow.HubbleServer;
import java.io.IOException;
import java.util.List;

/** The relay's parts, put together. */
final class Relay implements AutoCloseable {
  private static final String VERSION = "1.19.4";

  private final PeerChannels channels;
  private final PeerDirectory directory;
  private final HubbleServer server;

  /**
   * Listens, and begins to follow the peer service.
   *
   * @throws IOException naming what cannot be listened on, or the file that cannot be used
   */
  Relay(RelayOptions options) throws IOException {
    channels = new PeerChannels(options.clientTls());
    directory = new PeerDirectory(channels, options.peerService(), options.peerServiceTlsName());
    try {
      server =
          HubbleServer.startRelay(
              List.of(
                  new RelayService(directory, options.nodeName(), "hubble-relay v" + VERSION),
                  new LedgerRelay(directory, options.nodeName()),
                  new PolicyStateRelay(directory, options.nodeName()),
                  new TraceRelay(directory)),
              VERSION,
              options.socket(),
              options.listen(),
              options.serverTls());
    } catch (IOException e) {
      directory.close();
      channels.close();
      throw e;
    }
  }

  /** The TCP port, or -1. */
  int port() {
    return server.port();
  }

  @Override
  public void close() {
    server.close();
    directory.close();
    channels.close();
  }
}
