package io.ovenet.lab;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How commands change a lab that runs: a socket of root's in the lab's directory. A request is
 * {@code {"do": WHAT, "name": NAME}}, an answer {@code {"done": TEXT}} or {@code {"error": TEXT}};
 * then the connection is closed. One request after the other.
 */
final class LabControl implements AutoCloseable {
  /** Does one kind of thing; answers what it did. */
  @FunctionalInterface
  interface Action {
    String run(String name) throws IOException, InterruptedException;
  }

  private static final Logger LOG = LoggerFactory.getLogger(LabControl.class);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path socket;
  private final ServerSocketChannel listener;
  private final Map<String, Action> actions;
  private final Thread thread;

  /** Listens. */
  LabControl(Path socket, Map<String, Action> actions) throws IOException {
    this.socket = socket;
    this.actions = Map.copyOf(actions);
    Files.deleteIfExists(socket);
    listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      listener.bind(UnixDomainSocketAddress.of(socket));
      Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
    } catch (IOException e) {
      listener.close();
      throw new LabException("cannot listen on " + socket + ": " + e.getMessage(), e);
    }
    thread = Thread.ofPlatform().daemon().name("control").start(this::serve);
  }

  private void serve() {
    while (listener.isOpen()) {
      try (SocketChannel connection = listener.accept()) {
        // As bytes: a parser would close the stream, and the connection with it.
        JsonNode request = JSON.readTree(Channels.newInputStream(connection).readAllBytes());
        send(connection, answer(request));
      } catch (AsynchronousCloseException e) {
        return;
      } catch (IOException e) {
        LOG.warn("a command has gone: {}", e.toString());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  private Map<String, String> answer(JsonNode request) throws InterruptedException {
    String what = request.path("do").asText("");
    Action action = actions.get(what);
    if (action == null) {
      return Map.of("error", "this lab does not know how to do '" + what + "'");
    }
    try {
      return Map.of("done", action.run(request.path("name").asText("")));
    } catch (IOException | RuntimeException e) {
      LOG.warn("{} failed", what, e);
      return Map.of("error", String.valueOf(e.getMessage()));
    }
  }

  private static void send(SocketChannel to, Map<String, String> message) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(JSON.writeValueAsBytes(message));
    while (bytes.hasRemaining()) {
      to.write(bytes);
    }
  }

  /**
   * Has a running lab do something; waits until it is done.
   *
   * @throws LabException if it can't be done, saying why
   */
  static String ask(LabDirectory lab, String what, String name) throws IOException {
    try (SocketChannel connection = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      connection.connect(UnixDomainSocketAddress.of(lab.control()));
      send(connection, Map.of("do", what, "name", name));
      connection.shutdownOutput();
      byte[] answer = Channels.newInputStream(connection).readAllBytes();
      if (answer.length == 0) {
        throw new LabException("the lab's process ended meanwhile: see " + lab.log());
      }
      JsonNode said = JSON.readTree(new String(answer, StandardCharsets.UTF_8));
      if (said.has("error")) {
        throw new LabException(said.path("error").asText());
      }
      return said.path("done").asText();
    } catch (NoSuchFileException e) {
      throw new LabException("this lab can't be changed: it was started by an older `ovenet`", e);
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
    thread.interrupt();
    try {
      thread.join(); // what it does is finished or undone
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    Files.deleteIfExists(socket);
  }
}
