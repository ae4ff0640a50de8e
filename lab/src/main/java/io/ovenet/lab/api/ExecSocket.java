package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.server.ServerUpgradeRequest;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A command in a container, over a WebSocket as {@code kubectl exec} opens it (subprotocols
 * v4.channel.k8s.io and v5.channel.k8s.io): the first byte of each message is a channel, the rest
 * its bytes. Jetty, for which it is public, calls it from one thread at a time; output goes out
 * from threads of its own.
 */
public final class ExecSocket implements Session.Listener.AutoDemanding {
  /** The subprotocols, the better one first. */
  static final List<String> PROTOCOLS = List.of("v5.channel.k8s.io", "v4.channel.k8s.io");

  private static final Logger LOG = LoggerFactory.getLogger(ExecSocket.class);
  private static final int STDIN = 0;
  private static final int STDOUT = 1;
  private static final int STDERR = 2;
  private static final int STATUS = 3;

  /** Only in v5: the channel that the message names is at its end. */
  private static final int CLOSE = 255;

  private final Process process;
  private final boolean input;

  /**
   * @param process just started; this ends it when the client goes
   * @param input whether the client writes to its standard input
   */
  ExecSocket(Process process, boolean input) {
    this.process = process;
    this.input = input;
  }

  /** The best subprotocol that a client offers, or null. */
  static @Nullable String protocol(ServerUpgradeRequest request) {
    return PROTOCOLS.stream().filter(request::hasSubProtocol).findFirst().orElse(null);
  }

  @Override
  public void onWebSocketOpen(Session session) {
    // A command may be silent for long.
    session.addIdleTimeoutListener(silent -> false);
    if (!input) {
      closeInput();
    }
    Thread.ofVirtual().name("exec").start(() -> serve(session));
  }

  private void serve(Session session) {
    Future<?> output = copy(process.getInputStream(), STDOUT, session);
    Future<?> errors = copy(process.getErrorStream(), STDERR, session);
    try {
      int code = process.waitFor();
      output.get();
      errors.get();
      send(session, STATUS, Json.bytes(status(code)));
      session.close(1000, "", Callback.NOOP);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      end();
    } catch (IOException | ExecutionException e) {
      LOG.debug("a client of exec has gone: {}", e.toString());
      end();
      session.disconnect();
    }
  }

  private static Future<?> copy(InputStream from, int channel, Session session) {
    FutureTask<?> task =
        new FutureTask<>(
            () -> {
              byte[] chunk = new byte[32 * 1024];
              for (int read = from.read(chunk); read >= 0; read = from.read(chunk)) {
                send(session, channel, java.util.Arrays.copyOf(chunk, read));
              }
              return null;
            });
    Thread.ofVirtual().name("exec-" + channel).start(task);
    return task;
  }

  /** Waits until the message is on its way: a slow client slows the command down. */
  private static void send(Session session, int channel, byte[] bytes) throws IOException {
    ByteBuffer message = ByteBuffer.allocate(1 + bytes.length);
    message.put((byte) channel).put(bytes).flip();
    FutureTask<Void> sent = new FutureTask<>(() -> {}, null);
    Throwable[] failure = new Throwable[1];
    synchronized (session) {
      session.sendBinary(
          message,
          Callback.from(
              sent,
              cause -> {
                failure[0] = cause;
                sent.run();
              }));
      try {
        sent.get();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted", e);
      } catch (ExecutionException e) {
        throw new IOException(e);
      }
    }
    if (failure[0] != null) {
      throw new IOException(failure[0]);
    }
  }

  /** How the command ended, as clients expect it. */
  private static ObjectNode status(int code) {
    ObjectNode status = Json.object();
    status.put("kind", "Status").put("apiVersion", "v1").putObject("metadata");
    if (code == 0) {
      return status.put("status", "Success");
    }
    status.put("status", "Failure").put("reason", "NonZeroExitCode");
    status.put("message", "command terminated with non-zero exit code: exit status " + code);
    status
        .putObject("details")
        .putArray("causes")
        .addObject()
        .put("reason", "ExitCode")
        .put("message", Integer.toString(code));
    return status;
  }

  @Override
  public void onWebSocketBinary(ByteBuffer message, Callback callback) {
    int channel = message.hasRemaining() ? message.get() & 0xff : -1;
    if (channel == STDIN && input) {
      byte[] bytes = new byte[message.remaining()];
      message.get(bytes);
      try {
        OutputStream in = process.getOutputStream();
        in.write(bytes);
        in.flush();
      } catch (IOException e) {
        LOG.debug("a command reads no more: {}", e.toString());
      }
    } else if (channel == CLOSE && message.hasRemaining() && message.get() == STDIN) {
      closeInput();
    }
    callback.succeed();
  }

  private void closeInput() {
    try {
      process.getOutputStream().close();
    } catch (IOException e) {
      LOG.debug("a command reads no more: {}", e.toString());
    }
  }

  @Override
  public void onWebSocketClose(int code, String reason, Callback callback) {
    end();
    callback.succeed();
  }

  @Override
  public void onWebSocketError(Throwable cause) {
    LOG.debug("exec: {}", cause.toString());
    end();
  }

  private void end() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }
}
