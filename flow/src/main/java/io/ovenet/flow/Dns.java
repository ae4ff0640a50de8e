package io.ovenet.flow;

import java.util.List;
import java.util.StringJoiner;

/**
 * What a DNS message said. Immutable.
 *
 * @param query the name asked for, with its last dot, lower case; what no name may hold is escaped
 * @param types that were asked for, such as {@code A}
 * @param ips of A and AAAA records, in order
 * @param ttl the smallest of all answers, seconds
 * @param aliases of CNAME records
 * @param recordTypes of the answers, in order
 * @param latencyNanos since the question was seen; 0 where it was not, and of a question
 */
record Dns(
    boolean response,
    int id,
    String query,
    List<String> types,
    List<Address> ips,
    int ttl,
    List<String> aliases,
    int rcode,
    List<String> recordTypes,
    long latencyNanos) {
  private static final String[] RCODES = {
    "No Error",
    "Format Error",
    "Server Failure",
    "Non-Existent Domain",
    "Not Implemented",
    "Query Refused",
    "Name Exists when it should not",
    "RR Set Exists when it should not",
    "RR Set that should exist does not",
    "Server Not Authoritative for zone",
    "Name not contained in zone"
  };

  /** An address of 16 bytes, as two big-endian numbers. */
  record Address(long high, long low) {
    String text() {
      return Addresses.text(high, low);
    }
  }

  private static final int BYTES = 200;
  private static final int BYTES_OF_TEXT = 56;

  /** About how much memory it takes. */
  int bytes() {
    int bytes = BYTES + query.length() + ips.size() * (Long.BYTES * 4 + Integer.BYTES);
    for (String alias : aliases) {
      bytes += BYTES_OF_TEXT + alias.length();
    }
    return bytes + (types.size() + recordTypes.size()) * BYTES_OF_TEXT;
  }

  Dns answered(long nanos) {
    return new Dns(
        response, id, query, types, ips, ttl, aliases, rcode, recordTypes, Math.max(0, nanos));
  }

  /** In the words of IANA's registry. */
  String rcodeText() {
    return rcode < RCODES.length ? RCODES[rcode] : "RCode" + rcode;
  }

  String addresses() {
    var text = new StringBuilder();
    for (Address ip : ips) {
      text.append(text.isEmpty() ? "" : ",").append(ip.text());
    }
    return text.toString();
  }

  /** Hubble's line. */
  String summary() {
    String asked = query + " " + String.join(",", types);
    if (!response) {
      return "DNS Query " + asked;
    }
    var answer = new StringJoiner(" ");
    if (rcode != 0) {
      answer.add("RCode: " + rcodeText());
    } else {
      if (!ips.isEmpty() || aliases.isEmpty()) {
        answer.add('"' + addresses() + '"');
      }
      if (!aliases.isEmpty()) {
        answer.add("CNAMEs: \"" + String.join(",", aliases) + '"');
      }
    }
    return "DNS Answer " + answer + " TTL: " + ttl + " (Query " + asked + ")";
  }
}
