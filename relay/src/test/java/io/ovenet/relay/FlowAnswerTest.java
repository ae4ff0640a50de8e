package io.ovenet.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Timestamp;
import io.grpc.StatusRuntimeException;
import io.ovenet.api.flow.Flow;
import io.ovenet.api.flow.LostEvent;
import io.ovenet.api.observer.GetFlowsResponse;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FlowAnswerTest {
  private static final Timestamp TIME =
      Timestamp.newBuilder().setSeconds(1_700_000_000).setNanos(5).build();
  private static final GetFlowsResponse FLOW =
      GetFlowsResponse.newBuilder()
          .setFlow(Flow.newBuilder().setUuid("one").setTime(TIME))
          .setNodeName("default/node-1")
          .setTime(TIME)
          .build();

  private static FlowAnswer read(byte[] bytes) {
    return FlowAnswer.METHOD.parseResponse(new ByteArrayInputStream(bytes));
  }

  @Test
  void isPassedOnAsItCame() throws IOException {
    byte[] bytes = FLOW.toByteArray();
    FlowAnswer answer = read(bytes);
    assertThat(answer.time()).isEqualTo(1_700_000_000_000_000_005L);
    assertThat(answer.isFlow()).isTrue();
    assertThat(FlowAnswer.METHOD.streamResponse(answer).readAllBytes()).isEqualTo(bytes);
    var lost = GetFlowsResponse.newBuilder().setLostEvents(LostEvent.getDefaultInstance()).build();
    assertThat(FlowAnswer.of(lost).isFlow()).isFalse();
    assertThat(FlowAnswer.of(lost).time()).isZero();
  }

  /** What an agent sends may be anything. */
  @Test
  void whatCannotBeReadEndsTheCallAndNothingElse() {
    byte[] bytes = FLOW.toByteArray();
    for (int length = 1; length < bytes.length; length++) {
      byte[] cut = Arrays.copyOf(bytes, length);
      try {
        assertThat(read(cut).time()).isNotNegative();
      } catch (StatusRuntimeException e) {
        assertThat(e.getStatus().getDescription()).contains("can't be read");
      }
    }
    assertThatThrownBy(() -> read(Arrays.copyOf(bytes, bytes.length - 1)))
        .isInstanceOf(StatusRuntimeException.class);
    long seed = Long.getLong("ovenet.seed", System.nanoTime());
    System.out.println("FlowAnswerTest: -Dovenet.seed=" + seed);
    Random random = new Random(seed);
    for (int i = 0; i < 10_000; i++) {
      byte[] noise = new byte[random.nextInt(64)];
      random.nextBytes(noise);
      try {
        assertThat(read(noise)).isNotNull();
      } catch (StatusRuntimeException e) {
        assertThat(e.getStatus().getCause()).isInstanceOf(IOException.class);
      }
    }
  }
}
