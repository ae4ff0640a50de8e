package io.ovenet.lab.api;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection to a port of a pod, over a WebSocket: the first byte of each message is a channel, 0
 * for the connection's bytes and 1 for what went wrong. The first message of each channel is the
 * port, as 16 bits, little-endian (Kubernetes API, PodPortForwardOptions). Jetty, for which it is
 * public, calls it from one thread at a time; what the pod says goes out from a thread of its own.
 */
public final class PortForwardSocket implements Session.Listener.AutoDemanding {
  static final String PROTOCOL = "v4.channel.k8s.io";

  private static final Logger LOG = LoggerFactory.getLogger(PortForwardSocket.class);
  private static final byte DATA = 0;
  private static final byte ERROR = 1;
  private static final int CHUNK = 32 * 1024;

  private final PodPorts.Port pod;
  private final int port;
  private final CompletableFuture<SocketChannel> connection = new CompletableFuture<>();

  /** Connects when the client is there, and closes the connection when it goes. */
  PortForwardSocket(PodPorts.Port pod, int port) {
    this.pod = pod;
    this.port = port;
  }

  @Override
  public void onWebSocketOpen(Session session) {
    // A connection may be silent for long.
    session.addIdleTimeoutListener(silent -> false);
    Thread.ofVirtual().name("port-forward").start(() -> answer(session));
  }

  private void answer(Session session) {
    try {
      for (byte channel : new byte[] {DATA, ERROR}) {
        ByteBuffer first = ByteBuffer.allocate(3).order(ByteOrder.LITTLE_ENDIAN);
        send(session, first.put(channel).putShort((short) port).flip());
      }
      SocketChannel connected = connect(session);
      if (connected != null) {
        ByteBuffer chunk = ByteBuffer.allocate(1 + CHUNK);
        while (connected.read(chunk.clear().put(DATA)) >= 0) {
          send(session, chunk.flip());
        }
      }
      session.close(1000, "", Callback.NOOP);
    } catch (IOException e) {
      LOG.debug("a forwarded port's client or pod has gone: {}", e.toString());
      session.disconnect();
    } finally {
      end();
    }
  }

  /** Null: nothing listens there, which the client was told. */
  private @Nullable SocketChannel connect(Session session) throws IOException {
    try {
      SocketChannel connected = pod.connect();
      if (!connection.complete(connected)) {
        connected.close(); // the client has gone meanwhile
      }
      return connected;
    } catch (IOException e) {
      byte[] said =
          ("nothing answers at port " + port + ": " + e.getMessage())
              .getBytes(StandardCharsets.UTF_8);
      send(session, ByteBuffer.allocate(1 + said.length).put(ERROR).put(said).flip());
      return null;
    }
  }

  /** Waits until the message is on its way: a slow client slows the pod down. */
  private static void send(Session session, ByteBuffer message) throws IOException {
    Callback.Completable sent = new Callback.Completable();
    session.sendBinary(message, sent);
    try {
      sent.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } catch (ExecutionException e) {
      throw new IOException(e);
    }
  }

  @Override
  public void onWebSocketBinary(ByteBuffer message, Callback callback) {
    if (message.hasRemaining() && message.get() == DATA) {
      try {
        SocketChannel connected = connection.join();
        while (message.hasRemaining()) {
          connected.write(message);
        }
      } catch (IOException | CancellationException | CompletionException e) {
        LOG.debug("a forwarded port reads no more: {}", e.toString());
        end();
      }
    }
    callback.succeed();
  }

  @Override
  public void onWebSocketClose(int code, String reason, Callback callback) {
    end();
    callback.succeed();
  }

  @Override
  public void onWebSocketError(Throwable cause) {
    LOG.debug("port-forward: {}", cause.toString());
    end();
  }

  private void end() {
    if (connection.cancel(false) || connection.isCancelled()) {
      return;
    }
    try {
      connection.join().close();
    } catch (IOException e) {
      LOG.debug("cannot close a connection to a pod: {}", e.toString());
    }
  }
}
