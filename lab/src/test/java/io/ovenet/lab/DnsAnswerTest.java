package io.ovenet.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.net.Inet4Address;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class DnsAnswerTest {
  private static final String WEB = "web.shop.svc.cluster.local";
  private static final int A = 1;
  private static final int AAAA = 28;

  private static @Nullable List<Inet4Address> lookup(String name) {
    return name.equals(WEB)
        ? List.of(Inet4Address.ofLiteral("10.96.0.7"), Inet4Address.ofLiteral("10.96.0.8"))
        : null;
  }

  private static byte[] query(String name, int type) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(new byte[] {0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0});
    for (String label : name.split("\\.", -1)) {
      out.write(label.length());
      out.writeBytes(label.getBytes(StandardCharsets.ISO_8859_1));
    }
    out.writeBytes(new byte[] {0, 0, (byte) type, 0, 1});
    return out.toByteArray();
  }

  private static ByteBuffer ask(byte[] request) {
    byte[] answer = DnsAnswer.to(request, 512, "cluster.local", DnsAnswerTest::lookup);
    assertThat(answer).isNotNull();
    return ByteBuffer.wrap(answer);
  }

  private static int code(ByteBuffer answer) {
    return answer.getShort(2) & 15;
  }

  @Test
  void aNameHasItsAddressesAndAnEmptyAnswerForOtherTypes() {
    ByteBuffer answer = ask(query("Web.shop.svc.cluster.local", A));
    assertThat(answer.getShort(0)).isEqualTo((short) 0x1234);
    assertThat(answer.getShort(2) & 0xffff).isEqualTo(0x8500);
    assertThat(answer.getShort(6)).isEqualTo((short) 2);
    assertThat(answer.getInt(answer.capacity() - 4)).isEqualTo(10 << 24 | 96 << 16 | 8);
    assertThat(answer.getInt(answer.capacity() - 20)).isEqualTo(10 << 24 | 96 << 16 | 7);

    ByteBuffer none = ask(query(WEB, AAAA));
    assertThat(code(none)).isZero();
    assertThat(none.getShort(6)).isZero();
  }

  @Test
  void anAnswerThatIsTooLongSaysThatItIsTruncated() {
    List<Inet4Address> many =
        java.util.stream.IntStream.range(0, 100)
            .mapToObj(i -> Inet4Address.ofLiteral("10.96.1." + i))
            .toList();
    ByteBuffer truncated = answer(512, many);
    assertThat(truncated.capacity()).isLessThanOrEqualTo(512);
    assertThat(truncated.get(2) & 2).isEqualTo(2);
    assertThat(answer(65_535, many).getShort(6)).isEqualTo((short) 100);
  }

  private static ByteBuffer answer(int most, List<Inet4Address> addresses) {
    byte[] answer = DnsAnswer.to(query(WEB, A), most, "cluster.local", _ -> addresses);
    assertThat(answer).isNotNull();
    return ByteBuffer.wrap(answer);
  }

  @Test
  void whatIsNotThereOrNotOursSaysSo() {
    assertThat(code(ask(query("nobody.shop.svc.cluster.local", A)))).isEqualTo(3);
    assertThat(code(ask(query("example.com", A)))).isEqualTo(5);
    assertThat(code(ask(query("notcluster.local", A)))).isEqualTo(5);
    byte[] update = query(WEB, A);
    update[2] = 5 << 3;
    assertThat(code(ask(update))).isEqualTo(4);
    byte[] response = query(WEB, A);
    response[2] |= (byte) 0x80;
    assertThat(DnsAnswer.to(response, 512, "cluster.local", DnsAnswerTest::lookup)).isNull();
  }

  @Test
  void garbageIsAnsweredOrNotButNeverThrows() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int i = 0; i < 20_000; i++) {
      byte[] request = query(WEB, A);
      for (int k = random.nextInt(6); k >= 0; k--) {
        request[random.nextInt(request.length)] = (byte) random.nextInt();
      }
      request = java.util.Arrays.copyOf(request, random.nextInt(request.length + 1));
      byte[] answer = DnsAnswer.to(request, 512, "cluster.local", DnsAnswerTest::lookup);
      assertThat(answer == null || answer.length >= 12).as("seed " + seed).isTrue();
    }
  }
}
