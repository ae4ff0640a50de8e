package io.ovenet.flow;

import io.ovenet.api.ledger.LedgerEntry;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.function.Predicate;
import java.util.zip.CRC32C;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.InflaterInputStream;
import java.util.zip.ZipException;

/**
 * The entries of one period on disk: eight bytes that say what it is, then, deflated, for each
 * entry its length (4 bytes), CRC-32C (4) and LedgerEntry. A file that was cut, or damaged, gives
 * what comes before the damage.
 */
final class LedgerFile {
  private static final byte[] MAGIC = {'O', 'V', 'N', 'L', 'D', 'G', 'R', 1};
  private static final int MAX_ENTRY = 1 << 20;

  private LedgerFile() {}

  /** Takes the place of what was there, whole or not at all. */
  static void write(Path file, Iterable<LedgerEntry> entries) throws IOException {
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    try (var channel =
        FileChannel.open(
            fresh,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      var raw = Channels.newOutputStream(channel);
      raw.write(MAGIC);
      var deflating = new DeflaterOutputStream(raw, true);
      var out = new DataOutputStream(deflating);
      for (LedgerEntry entry : entries) {
        byte[] bytes = entry.toByteArray();
        out.writeInt(bytes.length);
        out.writeInt(checksum(bytes));
        out.write(bytes);
      }
      out.flush();
      deflating.finish();
      channel.force(false);
    }
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private static int checksum(byte[] bytes) {
    var checksum = new CRC32C();
    checksum.update(bytes);
    return (int) checksum.getValue();
  }

  /**
   * Reads entries until `each` says false.
   *
   * @return false: the file is damaged, and what comes after the damage is not known
   * @throws IOException if it cannot be read at all
   */
  static boolean read(Path file, Predicate<LedgerEntry> each) throws IOException {
    try (InputStream raw = Files.newInputStream(file)) {
      if (!Arrays.equals(raw.readNBytes(MAGIC.length), MAGIC)) {
        return false;
      }
      var in = new DataInputStream(new InflaterInputStream(raw));
      while (true) {
        int first = in.read();
        if (first < 0) {
          return true;
        }
        int length = first << 24 | in.readUnsignedByte() << 16 | in.readUnsignedShort();
        if (length < 0 || length > MAX_ENTRY) {
          return false;
        }
        int expected = in.readInt();
        byte[] bytes = in.readNBytes(length);
        if (bytes.length < length || checksum(bytes) != expected) {
          return false;
        }
        if (!each.test(LedgerEntry.parseFrom(bytes))) {
          return true;
        }
      }
    } catch (EOFException | ZipException | com.google.protobuf.InvalidProtocolBufferException _) {
      return false;
    }
  }
}
