package io.ovenet.cli.node;

import io.ovenet.kubernetes.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The agent of a node, asked what its node has: while it runs, or as a sysdump kept it. */
public interface NodeAgent {
  /** Takes the entries of a list, one after the other. */
  @FunctionalInterface
  interface Entry {
    void take(JsonObject entry) throws IOException;
  }

  /** Name of the node; empty where it is not known. */
  String node();

  /** The node's root directory, as it is reached from here. */
  Path root();

  /** Its Hubble server's socket, as it is reached from here. */
  Path hubbleSocket();

  /** Its agent's logs that are here. */
  List<Path> logs();

  /**
   * Asks and waits for the answer.
   *
   * @param name of the question
   * @param arguments the request's other members
   * @throws IOException if it can't be asked or can't answer, saying why
   */
  JsonObject ask(String name, Map<String, ?> arguments) throws IOException;

  /**
   * Has it list something.
   *
   * @return how many entries there were
   * @throws IOException if it can't be asked or the list isn't whole, saying why
   */
  long list(String name, Entry each) throws IOException;
}
