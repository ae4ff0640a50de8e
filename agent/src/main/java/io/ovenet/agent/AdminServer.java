package io.ovenet.agent;

import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.JsonObject;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the node has in force, for whoever may open the socket: root alone. A request is one JSON
 * object, {@code {"ask": NAME, …}}, read to its end of file; the answer is one, too: {@code
 * {"answer": {…}}} or {@code {"error": TEXT}}; then the connection is closed. What lists answers
 * with an object a line instead, the last of them {@code {"entries": NUMBER}}, without which the
 * list isn't whole. Each connection has a virtual thread of its own.
 */
public final class AdminServer implements AutoCloseable {
  /** File name of the socket, beside that of the CNI plugin. */
  public static final String SOCKET = "admin.sock";

  /** Answers one kind of question; on any thread, and may block. */
  @FunctionalInterface
  public interface Question {
    /**
     * What goes into {@code answer}.
     *
     * @param request all of it
     * @throws IllegalArgumentException if the request makes no sense, saying which member and why
     * @throws IOException if it can't be answered, saying why
     */
    Map<String, ?> answer(JsonObject request) throws IOException;
  }

  /** Answers one kind of question with a list, however long; on any thread, and may block. */
  @FunctionalInterface
  public interface Listing {
    /**
     * Tells all entries.
     *
     * @param to takes the next; what it throws is to be let through
     * @throws IOException if it can't be answered, saying why
     */
    void list(Consumer<Map<String, ?>> to) throws IOException;
  }

  /** Whoever asked has hung up. */
  private static final class Unheard extends UncheckedIOException {
    private static final long serialVersionUID = 1;

    Unheard(IOException cause) {
      super(cause);
    }
  }

  private static final Logger log = LoggerFactory.getLogger(AdminServer.class);
  private static final int MAX_REQUEST = 1 << 20;

  /** Answers take memory: who comes later waits. */
  private static final int AT_ONCE = 4;

  private final Path path;
  private final ServerSocketChannel listener;
  private final Map<String, Question> questions = new ConcurrentHashMap<>();
  private final Map<String, Listing> listings = new ConcurrentHashMap<>();
  private final Semaphore room = new Semaphore(AT_ONCE);

  /** Binds the socket; what is asked waits until {@link #serve}. */
  public AdminServer(Path path) throws IOException {
    this.path = path;
    Files.createDirectories(path.toAbsolutePath().getParent());
    Files.deleteIfExists(path);
    listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      listener.bind(UnixDomainSocketAddress.of(path));
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
    } catch (IOException e) {
      listener.close();
      throw new IOException("cannot listen on " + path + ": " + e.getMessage(), e);
    }
  }

  /** Takes questions of this name from now on. */
  public void offer(String name, Question question) {
    questions.put(name, question);
  }

  /** Lists what has this name from now on. */
  public void offerList(String name, Listing listing) {
    listings.put(name, listing);
  }

  /** Begins to answer. */
  public void serve() {
    Thread.ofPlatform().name("admin-accept").daemon().start(this::acceptAll);
  }

  private void acceptAll() {
    while (true) {
      try {
        var connection = listener.accept();
        Thread.ofVirtual().name("admin").start(() -> answer(connection));
      } catch (AsynchronousCloseException _) {
        return;
      } catch (ClosedChannelException _) {
        return;
      } catch (IOException e) {
        log.error("cannot accept on {}; trying again", path, e);
      }
    }
  }

  private void answer(SocketChannel connection) {
    try (connection;
        var out = new BufferedOutputStream(Channels.newOutputStream(connection), 1 << 16)) {
      room.acquire();
      try {
        answer(read(connection), out);
      } finally {
        room.release();
      }
    } catch (IOException | Unheard e) {
      log.debug("who asked has gone: {}", e.toString());
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private static byte[] read(SocketChannel connection) throws IOException {
    var request = new ByteArrayOutputStream();
    var chunk = ByteBuffer.allocate(8192);
    while (connection.read(chunk) >= 0) {
      request.write(chunk.array(), 0, chunk.position());
      chunk.clear();
      if (request.size() > MAX_REQUEST) {
        throw new IOException("request larger than " + MAX_REQUEST + " bytes");
      }
    }
    return request.toByteArray();
  }

  /** Throws for who doesn't listen any more, never for what a request holds. */
  void answer(byte[] request, OutputStream out) throws IOException {
    var entries = new long[1];
    var last =
        answer(
            request,
            entry -> {
              try {
                out.write(Json.write(entry));
                out.write('\n');
                entries[0]++;
              } catch (IOException e) {
                throw new Unheard(e);
              }
            },
            entries);
    out.write(Json.write(last));
  }

  /** What comes last. */
  private Map<String, ?> answer(byte[] request, Consumer<Map<String, ?>> to, long[] entries) {
    try {
      var parsed = Json.parse(request);
      var name = parsed.string("ask");
      var listing = listings.get(name);
      if (listing != null) {
        listing.list(to);
        return Map.of("entries", entries[0]);
      }
      var question = questions.get(name);
      if (question == null) {
        return Map.of("error", "this agent does not know '" + name + "'; ask " + names());
      }
      return Map.of("answer", question.answer(parsed));
    } catch (Unheard e) {
      throw e;
    } catch (Json.JsonException e) {
      return Map.of("error", "the request is no JSON object: " + e.getMessage());
    } catch (IllegalArgumentException | IOException e) {
      return Map.of("error", String.valueOf(e.getMessage()));
    } catch (RuntimeException e) {
      log.error("a question could not be answered", e);
      return Map.of("error", "the agent failed: " + e + "; see its log");
    }
  }

  private String names() {
    var names = new TreeSet<>(questions.keySet());
    names.addAll(listings.keySet());
    return String.join(", ", names);
  }

  /** Takes the socket away; what is being answered is finished by its own threads. */
  @Override
  public void close() throws IOException {
    listener.close();
    Files.deleteIfExists(path);
  }
}
