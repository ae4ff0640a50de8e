package io.ovenet.cli.hubble;

import com.google.protobuf.Timestamp;
import io.ovenet.api.ledger.GetLedgerRequest;
import io.ovenet.api.ledger.LedgerAccount;
import io.ovenet.api.ledger.LedgerEntry;
import io.ovenet.api.ledger.LedgerGrpc;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What the ledgers of all nodes that were asked hold of a time.
 *
 * @param entries most connections first
 * @param notes what is missing, each a sentence
 */
public record LedgerAnswer(List<LedgerEntry> entries, List<String> notes) {
  public LedgerAnswer {
    entries = List.copyOf(entries);
    notes = List.copyOf(notes);
  }

  /**
   * Asks.
   *
   * @param wanted which entries
   * @throws HubbleException if the server does not answer
   */
  static LedgerAnswer ask(
      HubbleClient client,
      @Nullable Timestamp since,
      @Nullable Timestamp until,
      Predicate<LedgerEntry> wanted) {
    var request = GetLedgerRequest.newBuilder();
    if (since != null) {
      request.setSince(since);
    }
    if (until != null) {
      request.setUntil(until);
    }
    var lines = new LedgerLines();
    var notes = new ArrayList<String>();
    client.stream(
        () -> LedgerGrpc.newBlockingStub(client.channel()).getLedger(request.build()),
        response -> {
          if (response.hasAccount()) {
            note(response.getNodeName(), response.getAccount(), since, notes);
          } else if (wanted.test(response.getEntry())) {
            lines.add(response.getEntry());
          }
          return true;
        });
    return new LedgerAnswer(lines.lines(), notes);
  }

  /**
   * All of a time.
   *
   * @param since so long ago, or a date, as {@code --since} takes it
   * @throws HubbleException if the server does not answer, or that is no time
   */
  public static LedgerAnswer since(ServerOptions server, String since) {
    try (HubbleClient client = server.connect()) {
      return ask(client, Times.parse(since, "--since", Instant.now()), null, _ -> true);
    }
  }

  private static void note(
      String node, LedgerAccount account, @Nullable Timestamp since, List<String> notes) {
    if (account.hasSince()
        && since != null
        && account.getSince().getSeconds() > since.getSeconds()) {
      notes.add(
          node
              + " has entries from "
              + Instant.ofEpochSecond(account.getSince().getSeconds())
              + " on");
    }
    if (account.getUncounted() > 0) {
      notes.add(node + " could not keep " + account.getUncounted() + " connections");
    }
    if (account.getDamagedFiles() > 0) {
      notes.add(node + " has " + account.getDamagedFiles() + " damaged files");
    }
    for (String missing : account.getUnavailableNodesList()) {
      notes.add(missing + " does not answer");
    }
  }
}
