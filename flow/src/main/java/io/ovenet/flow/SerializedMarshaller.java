package io.ovenet.flow;

import io.grpc.Drainable;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor.Marshaller;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;

/** Messages that are serialized already. */
final class SerializedMarshaller implements Marshaller<byte[]> {
  static final SerializedMarshaller INSTANCE = new SerializedMarshaller();

  private SerializedMarshaller() {}

  @Override
  public InputStream stream(byte[] value) {
    return new Serialized(value);
  }

  @Override
  public byte[] parse(InputStream stream) {
    try {
      return stream.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException("read a serialized message", e);
    }
  }

  private static final class Serialized extends ByteArrayInputStream
      implements KnownLength, Drainable {
    Serialized(byte[] bytes) {
      super(bytes);
    }

    @Override
    public int drainTo(OutputStream target) throws IOException {
      int written = count - pos;
      target.write(buf, pos, written);
      pos = count;
      return written;
    }
  }
}
