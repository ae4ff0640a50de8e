package io.ovenet.lab;

import java.io.IOException;
import java.net.Inet4Address;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Header;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** Answers one DNS request for addresses of names. */
final class DnsAnswer {
  private static final int TTL_SECONDS = 5;

  private DnsAnswer() {}

  /**
   * The answer, or null for what is no request and so gets none.
   *
   * @param most bytes that the answer may have; a longer one is truncated and says so
   * @param zone names below which there is nobody else to ask, such as {@code cluster.local}
   * @param lookup the addresses of a name in lower case without the last dot; null for a name that
   *     doesn't exist
   */
  static byte @Nullable [] to(
      byte[] request,
      int most,
      String zone,
      Function<String, @Nullable List<Inet4Address>> lookup) {
    Header header;
    try {
      header = new Header(request);
    } catch (IOException e) {
      return null;
    }
    if (header.getFlag(Flags.QR)) {
      return null;
    }
    Message answer = begun(header);
    if (header.getOpcode() != Opcode.QUERY) {
      answer.getHeader().setRcode(Rcode.NOTIMP);
    } else {
      answer(question(request, header), answer, zone, lookup);
    }
    return answer.toWire(most);
  }

  private static Message begun(Header request) {
    Message answer = new Message(request.getID());
    answer.getHeader().setOpcode(request.getOpcode());
    answer.getHeader().setFlag(Flags.QR);
    answer.getHeader().setFlag(Flags.AA);
    if (request.getFlag(Flags.RD)) {
      answer.getHeader().setFlag(Flags.RD);
    }
    return answer;
  }

  private static @Nullable Record question(byte[] request, Header header) {
    try {
      return header.getCount(Section.QUESTION) == 1 ? new Message(request).getQuestion() : null;
    } catch (IOException e) {
      return null;
    }
  }

  private static void answer(
      @Nullable Record question,
      Message answer,
      String zone,
      Function<String, @Nullable List<Inet4Address>> lookup) {
    if (question == null) {
      answer.getHeader().setRcode(Rcode.FORMERR);
      return;
    }
    answer.addRecord(question, Section.QUESTION);
    Name called = question.getName();
    String name = called.toString(true).toLowerCase(Locale.ROOT);
    if (question.getDClass() != DClass.IN || !(name.equals(zone) || name.endsWith("." + zone))) {
      answer.getHeader().setRcode(Rcode.REFUSED);
      return;
    }
    List<Inet4Address> found = lookup.apply(name);
    if (found == null) {
      answer.getHeader().setRcode(Rcode.NXDOMAIN);
    } else if (question.getType() == Type.A || question.getType() == Type.ANY) {
      // A name that exists without such records has an empty answer (RFC 2308, section 2.2).
      found.forEach(
          address ->
              answer.addRecord(
                  new ARecord(called, DClass.IN, TTL_SECONDS, address), Section.ANSWER));
    }
  }
}
