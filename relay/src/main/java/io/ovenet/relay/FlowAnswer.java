package io.ovenet.relay;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.Timestamp;
import com.google.protobuf.WireFormat;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.ovenet.api.observer.GetFlowsRequest;
import io.ovenet.api.observer.GetFlowsResponse;
import io.ovenet.api.observer.ObserverGrpc;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.TimeUnit;

/**
 * A {@code GetFlowsResponse} as its bytes: of what a relay only passes on it reads no more than the
 * time, and a second of a large cluster's flows has room in memory. Immutable.
 */
final class FlowAnswer {
  private static final MethodDescriptor<GetFlowsRequest, GetFlowsResponse> TYPED =
      ObserverGrpc.getGetFlowsMethod();

  /** GetFlows, for client and server. */
  static final MethodDescriptor<GetFlowsRequest, FlowAnswer> METHOD =
      TYPED.toBuilder(TYPED.getRequestMarshaller(), new Marshaller()).build();

  private final byte[] bytes;
  private final long time;
  private final boolean flow;

  private FlowAnswer(byte[] bytes) throws IOException {
    this.bytes = bytes;
    long told = 0;
    boolean found = false;
    CodedInputStream in = CodedInputStream.newInstance(bytes);
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      switch (WireFormat.getTagFieldNumber(tag)) {
        case GetFlowsResponse.TIME_FIELD_NUMBER ->
            told = nanos(Timestamp.parseFrom(in.readBytes()));
        case GetFlowsResponse.FLOW_FIELD_NUMBER -> {
          found = true;
          in.skipField(tag);
        }
        default -> in.skipField(tag);
      }
    }
    time = told;
    flow = found;
  }

  private static long nanos(Timestamp time) {
    return TimeUnit.SECONDS.toNanos(time.getSeconds()) + time.getNanos();
  }

  static FlowAnswer of(GetFlowsResponse response) {
    try {
      return new FlowAnswer(response.toByteArray());
    } catch (IOException e) {
      throw new AssertionError("what was just written can be read", e);
    }
  }

  /** Nanoseconds since 1970; 0: it has none. */
  long time() {
    return time;
  }

  boolean isFlow() {
    return flow;
  }

  private static final class Marshaller implements MethodDescriptor.Marshaller<FlowAnswer> {
    @Override
    public InputStream stream(FlowAnswer answer) {
      return new Bytes(answer.bytes);
    }

    @Override
    public FlowAnswer parse(InputStream stream) {
      try {
        return new FlowAnswer(stream.readAllBytes());
      } catch (IOException e) {
        throw Status.INTERNAL
            .withDescription("an agent's answer to GetFlows can't be read")
            .withCause(e)
            .asRuntimeException();
      }
    }
  }

  /** So that it is written without a copy more. */
  private static final class Bytes extends ByteArrayInputStream implements KnownLength {
    Bytes(byte[] bytes) {
      super(bytes);
    }
  }
}
