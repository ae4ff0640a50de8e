package io.ovenet.kubernetes.world;

import java.util.List;
import java.util.function.Supplier;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/** Where an object was read: a document in a file. Lines are looked up when they are asked for. */
public final class Source {
  private final String file;
  private final int document;
  private final Supplier<List<Node>> nodes;

  /**
   * A document.
   *
   * @param file as it was named
   * @param document its index in the file
   * @param nodes of all the file's documents
   */
  Source(String file, int document, Supplier<List<Node>> nodes) {
    this.file = file;
    this.document = document;
    this.nodes = nodes;
  }

  /** The file as it was named. */
  public String file() {
    return file;
  }

  /** The line, from 1, of a field such as {@code spec.ingress[0].toPorts}, or of what is around. */
  public int line(String path) {
    Node node = nodes.get().get(document);
    Node at = node;
    String rest = path;
    while (!rest.isEmpty()) {
      Node next = null;
      if (node instanceof SequenceNode sequence && rest.startsWith("[")) {
        int close = rest.indexOf(']');
        int index = Integer.parseInt(rest.substring(1, close));
        if (index >= sequence.getValue().size()) {
          break;
        }
        next = sequence.getValue().get(index);
        at = next;
        rest = rest.substring(close + 1);
      } else if (node instanceof MappingNode mapping) {
        String wanted = rest.startsWith(".") ? rest.substring(1) : rest;
        // A key may have dots itself: the longest that fits is meant.
        String best = "";
        for (NodeTuple tuple : mapping.getValue()) {
          if (tuple.getKeyNode() instanceof ScalarNode key
              && key.getValue().length() > best.length()
              && begins(wanted, key.getValue())) {
            best = key.getValue();
            next = tuple.getValueNode();
            at = key;
          }
        }
        rest = next == null ? rest : wanted.substring(best.length());
      }
      if (next == null) {
        break;
      }
      node = next;
    }
    return at.getStartMark().map(mark -> mark.getLine() + 1).orElse(1);
  }

  private static boolean begins(String path, String key) {
    return path.startsWith(key)
        && (path.length() == key.length()
            || path.charAt(key.length()) == '.'
            || path.charAt(key.length()) == '[');
  }

  /** {@code policies.yaml:12}. */
  public String place(String path) {
    return file + ":" + line(path);
  }
}
