package io.ovenet.cli.policy;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/** Columns as wide as their widest cell and two blanks. Control characters are never printed. */
public final class Columns {
  private final List<String[]> rows = new ArrayList<>();

  /** One row; rows may differ in length. */
  public void row(String... cells) {
    String[] safe = new String[cells.length];
    for (int i = 0; i < cells.length; i++) {
      safe[i] = cells[i].replaceAll("\\p{Cntrl}", "�");
    }
    rows.add(safe);
  }

  /** Prints what there is. */
  public void print(PrintWriter out) {
    List<Integer> widths = new ArrayList<>();
    for (String[] row : rows) {
      for (int i = 0; i < row.length; i++) {
        if (i == widths.size()) {
          widths.add(0);
        }
        widths.set(i, Math.max(widths.get(i), row[i].length()));
      }
    }
    for (String[] row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < row.length; i++) {
        line.append(row[i]).append(" ".repeat(widths.get(i) + 2 - row[i].length()));
      }
      out.println(line.toString().stripTrailing());
    }
  }
}
