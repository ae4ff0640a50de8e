package io.ovenet.agent;

import io.ovenet.kubernetes.Json;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The socket that the CNI plugin calls. A request is read to its end of file, answered by one byte
 * (the plugin's exit code) and what the plugin prints, and the connection is closed. Each call has
 * a virtual thread of its own.
 */
public final class CniServer implements AutoCloseable {
  /** What answers calls. */
  @FunctionalInterface
  public interface Plugin {
    /** What goes to stdout; null for nothing. May block. */
    @Nullable Map<String, ?> call(CniRequest request) throws CniException;
  }

  private static final Logger log = LoggerFactory.getLogger(CniServer.class);

  /** The plugin takes 1 MiB of configuration; its variables are bounded by the kernel. */
  private static final int MAX_REQUEST = 3 << 20;

  private final Path path;
  private final ServerSocketChannel listener;

  /** Binds the socket; calls wait until {@link #serve}. */
  public CniServer(Path path) throws IOException {
    this.path = path;
    Files.createDirectories(path.toAbsolutePath().getParent());
    Files.deleteIfExists(path);
    listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      listener.bind(UnixDomainSocketAddress.of(path), 256);
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
    } catch (IOException e) {
      listener.close();
      throw new IOException("cannot listen on " + path + ": " + e.getMessage(), e);
    }
  }

  /** Begins to answer. */
  public void serve(Plugin plugin) {
    Thread.ofPlatform().name("cni-accept").daemon().start(() -> acceptAll(plugin));
  }

  private void acceptAll(Plugin plugin) {
    while (true) {
      try {
        var connection = listener.accept();
        Thread.ofVirtual().name("cni-call").start(() -> answer(plugin, connection));
      } catch (AsynchronousCloseException _) {
        return;
      } catch (ClosedChannelException _) {
        return;
      } catch (IOException e) {
        log.error("cannot accept on {}; trying again", path, e);
      }
    }
  }

  private static void answer(Plugin plugin, SocketChannel connection) {
    try (connection) {
      var answer = answer(plugin, read(connection));
      while (answer.hasRemaining()) {
        connection.write(answer);
      }
    } catch (IOException e) {
      // The plugin has gone; a runtime repeats what it needs, and DEL undoes an ADD.
      log.warn("a CNI call's connection broke: {}", e.toString());
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

  /** The answer's bytes: exit code, then stdout. Never throws for what a request holds. */
  static ByteBuffer answer(Plugin plugin, byte[] bytes) {
    var version = CniVersion.V1_1_0;
    try {
      var request = CniRequest.parse(bytes);
      version = request.version();
      long began = System.nanoTime();
      var result = plugin.call(request);
      log.info(
          "CNI {} {} done in {} ms",
          request.command(),
          request.key(),
          (System.nanoTime() - began) / 1_000_000.0);
      return encode(0, result);
    } catch (CniException e) {
      // The runtime is told, and tells; here it helps whoever looks closely.
      log.debug("CNI call refused with code {}: {} {}", e.code(), e.getMessage(), e.details());
      return encode(1, CniResult.error(version, e));
    } catch (RuntimeException e) {
      log.error("a CNI call failed", e);
      var error = new CniException(CniException.TRY_AGAIN, "the agent failed: " + e, "see its log");
      return encode(1, CniResult.error(version, error));
    }
  }

  private static ByteBuffer encode(int exitCode, @Nullable Map<String, ?> stdout) {
    var json = stdout == null ? new byte[0] : Json.write(stdout);
    return ByteBuffer.allocate(1 + json.length).put((byte) exitCode).put(json).flip();
  }

  /** Takes the socket away; calls that are being answered are finished by their own threads. */
  @Override
  public void close() throws IOException {
    listener.close();
    Files.deleteIfExists(path);
  }
}
