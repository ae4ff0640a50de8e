package io.ovenet.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

class JsonTest {
  private static final String TEXT =
      "{\"a\":{\"b\":[1,2.5,true,null,\"\\u00fc\\n\"]},\"big\":123456789012345678901234567890,\"n\":-7}";

  @Test
  void writesWhatItReads() {
    var object = Json.parse(TEXT.getBytes(StandardCharsets.UTF_8));
    assertThat(object.integer("n")).isEqualTo(-7);
    assertThat(object.object("a").object("b")).isEqualTo(JsonObject.EMPTY);
    assertThat(Json.parse(Json.write(object.fields()))).isEqualTo(object);
  }

  @Test
  void noBytesDoMoreThanBeRefused() {
    var seed = System.nanoTime();
    System.out.println("seed " + seed);
    var random = new Random(seed);
    var text = TEXT.getBytes(StandardCharsets.UTF_8);
    for (var i = 0; i < 20_000; i++) {
      var bytes = java.util.Arrays.copyOf(text, random.nextInt(text.length + 1));
      for (var change = 0; change < 3 && bytes.length > 0; change++) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      try {
        var object = Json.parse(bytes);
        assertThat(object.stringMap("a")).isNotNull();
      } catch (Json.JsonException e) {
        assertThat(e).hasMessageMatching("(?s).+");
      }
    }
    var deep = "{\"a\":".repeat(100_000).getBytes(StandardCharsets.UTF_8);
    assertThatThrownBy(() -> Json.parse(deep)).isInstanceOf(Json.JsonException.class);
  }

  /** Gives as few or as many bytes as it likes. */
  private static InputStream inPieces(String text, Random random) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.ISO_8859_1)) {
      @Override
      public synchronized int read(byte[] into, int offset, int length) {
        return super.read(into, offset, Math.min(length, 1 + random.nextInt(7_000)));
      }
    };
  }

  @Test
  void linesAndChunksAreFoundHoweverTheyArrive() throws IOException {
    var seed = System.nanoTime();
    System.out.println("seed " + seed);
    var random = new Random(seed);
    for (var round = 0; round < 50; round++) {
      var lines = new java.util.ArrayList<String>();
      var whole = new StringBuilder();
      for (var i = random.nextInt(20); i > 0; i--) {
        var line = "x".repeat(1 + random.nextInt(random.nextBoolean() ? 20 : 40_000));
        lines.add(line);
        whole.append(line).append(random.nextInt(4) == 0 ? "\n\n" : "\n");
      }
      var chunked = new StringBuilder();
      for (var at = 0; at < whole.length(); ) {
        var to = Math.min(whole.length(), at + 1 + random.nextInt(10_000));
        chunked.append(Integer.toHexString(to - at)).append(";ext=1\r\n");
        chunked.append(whole, at, to).append("\r\n");
        at = to;
      }
      chunked.append("0\r\nTrailer: x\r\n\r\n");
      var body = new HttpBody(inPieces(chunked.toString(), random), HttpBody.CHUNKED);
      var reader = new LineReader(body);
      var read = new java.util.ArrayList<String>();
      while (reader.next()) {
        read.add(
            new String(
                reader.bytes(), reader.start(), reader.length(), StandardCharsets.ISO_8859_1));
      }
      assertThat(read).isEqualTo(lines);
      assertThat(body.complete()).isTrue();
    }
  }

  @Test
  void aBodyThatEndsEarlyIsNoBody() {
    var random = new Random(1);
    for (var text : new String[] {"5\r\nab", "zz\r\n", "-1\r\n", "2\r\nabc\r\n"}) {
      var body = new HttpBody(inPieces(text, random), HttpBody.CHUNKED);
      assertThatThrownBy(body::readAllBytes).isInstanceOf(IOException.class);
    }
    var body = new HttpBody(inPieces("abc", random), 4);
    assertThatThrownBy(body::readAllBytes).isInstanceOf(IOException.class);
  }
}
