package io.ovenet.cli.node;

import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.JsonObject;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The agent of a node of this machine, asked over its admin socket; only root may.
 *
 * @param node its name; empty where it is not known
 */
public record NodeAgent(String node, Path socket) {
  private static final int LONGEST = 256 << 20;

  /**
   * Asks and waits for the answer.
   *
   * @param name of the question
   * @param arguments the request's other members
   * @throws IOException if the agent can't be reached or can't answer, saying why
   */
  public JsonObject ask(String name, Map<String, ?> arguments) throws IOException {
    var request = new LinkedHashMap<String, Object>(arguments);
    request.put("ask", name);
    var answer = Json.parse(exchange(Json.write(request)));
    var error = answer.string("error");
    if (!error.isEmpty()) {
      throw new IOException(this + ": " + error);
    }
    return answer.object("answer");
  }

  private byte[] exchange(byte[] request) throws IOException {
    try (var channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.connect(UnixDomainSocketAddress.of(socket));
      var out = ByteBuffer.wrap(request);
      while (out.hasRemaining()) {
        channel.write(out);
      }
      channel.shutdownOutput();
      var answer = new ByteArrayOutputStream();
      var chunk = ByteBuffer.allocate(1 << 16);
      while (channel.read(chunk) >= 0) {
        answer.write(chunk.array(), 0, chunk.position());
        chunk.clear();
        if (answer.size() > LONGEST) {
          throw new IOException("its answer is larger than " + LONGEST + " bytes");
        }
      }
      return answer.toByteArray();
    } catch (IOException e) {
      throw new IOException(
          "cannot ask " + this + ": " + e.getMessage() + "; does it run, and are you root?", e);
    }
  }

  @Override
  public String toString() {
    return (node.isEmpty() ? "the agent" : "the agent of " + node) + " (" + socket + ")";
  }
}
