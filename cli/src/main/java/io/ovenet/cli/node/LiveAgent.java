package io.ovenet.cli.node;

import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.JsonObject;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The agent of a node of this machine, asked over its admin socket; only root may. */
record LiveAgent(String node, Path socket, Path root, List<Path> logs) implements NodeAgent {
  private static final int LONGEST = 256 << 20;

  /** How long an agent may be silent: longer where it has to look at much first. */
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  private static final Map<String, Duration> QUICK = Map.of("status", Duration.ofSeconds(20));

  @Override
  public Path hubbleSocket() {
    return socket.resolveSibling("../cilium/hubble.sock").normalize();
  }

  @Override
  public JsonObject ask(String name, Map<String, ?> arguments) throws IOException {
    var request = new LinkedHashMap<String, Object>(arguments);
    request.put("ask", name);
    var patience = QUICK.getOrDefault(name, PATIENCE);
    try {
      var answer = Json.parse(exchange(Json.write(request), patience));
      var error = answer.string("error");
      if (!error.isEmpty()) {
        throw new IOException(this + ": " + error);
      }
      return answer.object("answer");
    } catch (Json.JsonException e) {
      throw new IOException(this + ": its answer is no JSON: " + e.getMessage(), e);
    }
  }

  @Override
  public long list(String name, Entry each) throws IOException {
    try (var channel = connect(Json.write(Map.of("ask", name)));
        var lines =
            new BufferedReader(
                new InputStreamReader(Channels.newInputStream(channel), StandardCharsets.UTF_8),
                1 << 16);
        var patience = new Patience(channel, PATIENCE)) {
      try {
        return ListedLines.read(
            this.toString(),
            lines,
            entry -> {
              patience.busy(true);
              each.take(entry);
              patience.busy(false);
            });
      } catch (ClosedChannelException e) {
        throw patience.isOver() ? silent(PATIENCE, e) : e;
      }
    }
  }

  private byte[] exchange(byte[] request, Duration longest) throws IOException {
    try (var channel = connect(request);
        var patience = new Patience(channel, longest)) {
      try {
        return read(channel, patience);
      } catch (ClosedChannelException e) {
        throw patience.isOver() ? silent(longest, e) : e;
      }
    }
  }

  private IOException silent(Duration longest, IOException cause) {
    return new IOException(
        this + " has been silent for " + longest.toSeconds() + " s: its process stands still",
        cause);
  }

  private byte[] read(SocketChannel channel, Patience patience) throws IOException {
    var answer = new ByteArrayOutputStream();
    var chunk = ByteBuffer.allocate(1 << 16);
    while (channel.read(chunk) >= 0) {
      patience.heard();
      answer.write(chunk.array(), 0, chunk.position());
      chunk.clear();
      if (answer.size() > LONGEST) {
        throw new IOException(this + ": its answer is larger than " + LONGEST + " bytes");
      }
    }
    return answer.toByteArray();
  }

  /** A connection over which the request has gone. */
  private SocketChannel connect(byte[] request) throws IOException {
    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      channel.connect(UnixDomainSocketAddress.of(socket));
      var out = ByteBuffer.wrap(request);
      while (out.hasRemaining()) {
        channel.write(out);
      }
      channel.shutdownOutput();
      return channel;
    } catch (IOException e) {
      channel.close();
      throw new IOException(
          "cannot ask " + this + ": " + e.getMessage() + "; does it run, and are you root?", e);
    }
  }

  @Override
  public String toString() {
    return (node.isEmpty() ? "the agent" : "the agent of " + node) + " (" + socket + ")";
  }
}
