package io.ovenet.lab;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * Runs commands in a guest over its second serial port, one after the other: QEMU serves one client
 * at a time and lets others wait. The protocol is described in guest-commands.sh.
 */
final class GuestCommands {
  /** What a command left. */
  record Outcome(int exitCode, String output, String errors) {}

  /** Beyond what the command may take: for others who are served before, and slow machines. */
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private GuestCommands() {}

  /**
   * @param limit after which the guest kills the command
   */
  static Outcome run(Path socket, List<String> command, Duration limit) throws IOException {
    String id = HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.connect(UnixDomainSocketAddress.of(socket));
      // The empty line ends whatever a client that was cut off has left in the guest's buffer.
      String request = "\n" + id + " " + limit.toSeconds() + " " + encode(command) + "\n";
      ByteBuffer bytes = ByteBuffer.wrap(request.getBytes(StandardCharsets.US_ASCII));
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      return answer(channel, id, System.nanoTime() + limit.plus(PATIENCE).toNanos());
    } catch (IOException e) {
      throw new LabException(
          "cannot run a command in the guest by "
              + socket
              + " (is it up? see `ovenet lab status`): "
              + e.getMessage(),
          e);
    }
  }

  /** The command as a shell script in base64, each word quoted. */
  static String encode(List<String> command) {
    String script =
        command.stream()
            .map(word -> "'" + word.replace("'", "'\\''") + "'")
            .collect(Collectors.joining(" "));
    return Base64.getEncoder().encodeToString(script.getBytes(StandardCharsets.UTF_8));
  }

  private static void awaitMore(Selector selector, long deadline) throws IOException {
    long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
    if (left <= 0 || selector.select(left) == 0) {
      throw new IOException("the guest does not answer");
    }
    selector.selectedKeys().clear();
  }

  private static Outcome answer(SocketChannel channel, String id, long deadline)
      throws IOException {
    try (Selector selector = Selector.open()) {
      channel.configureBlocking(false);
      channel.register(selector, SelectionKey.OP_READ);
      return answer(channel, id, selector, deadline);
    }
  }

  private static Outcome answer(SocketChannel channel, String id, Selector selector, long deadline)
      throws IOException {
    ByteArrayOutputStream output = new ByteArrayOutputStream();
    ByteArrayOutputStream errors = new ByteArrayOutputStream();
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    ByteBuffer buffer = ByteBuffer.allocate(4096);
    while (true) {
      buffer.clear();
      awaitMore(selector, deadline);
      if (channel.read(buffer) < 0) {
        throw new IOException("the guest went away");
      }
      buffer.flip();
      while (buffer.hasRemaining()) {
        byte next = buffer.get();
        if (next != '\n') {
          line.write(next);
          continue;
        }
        String[] words = line.toString(StandardCharsets.ISO_8859_1).strip().split(" ", 3);
        line.reset();
        if (words.length < 3 || !words[1].equals(id)) {
          continue; // the rest of another client's answer
        }
        switch (words[0]) {
          case "out" -> output.writeBytes(decode(words[2]));
          case "err" -> errors.writeBytes(decode(words[2]));
          case "end" -> {
            return new Outcome(
                Integer.parseInt(words[2]),
                output.toString(StandardCharsets.UTF_8),
                errors.toString(StandardCharsets.UTF_8));
          }
          default -> throw new IOException("the guest answered `" + words[0] + "`");
        }
      }
    }
  }

  private static byte[] decode(String text) throws IOException {
    try {
      return Base64.getDecoder().decode(text);
    } catch (IllegalArgumentException e) {
      throw new IOException("the guest's answer was garbled: " + text, e);
    }
  }
}
