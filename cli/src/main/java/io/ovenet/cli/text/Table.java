package io.ovenet.cli.text;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/**
 * Columns as wide as their widest cell and a gap; the last one is not filled up. What is printed in
 * parts has columns that are never narrower than before. Control characters are never printed.
 */
public final class Table {
  private final int gap;
  private final List<List<String>> rows = new ArrayList<>();
  private final List<Integer> widths = new ArrayList<>();

  /**
   * Empty.
   *
   * @param gap blanks between columns
   */
  public Table(int gap) {
    this.gap = gap;
  }

  /** One row; rows may differ in length. */
  public void row(String... cells) {
    var row = new ArrayList<String>(cells.length);
    for (String cell : cells) {
      row.add(Terminal.safe(cell));
    }
    rows.add(row);
  }

  /** Rows that have not been printed. */
  public int size() {
    return rows.size();
  }

  /** Prints the rows that have not been printed. */
  public void print(PrintWriter out) {
    for (List<String> row : rows) {
      for (int i = 0; i < row.size(); i++) {
        int width = width(row.get(i));
        if (i == widths.size()) {
          widths.add(width);
        } else {
          widths.set(i, Math.max(widths.get(i), width));
        }
      }
    }
    for (List<String> row : rows) {
      var line = new StringBuilder();
      for (int i = 0; i < row.size(); i++) {
        String cell = row.get(i);
        line.append(cell);
        if (i + 1 < row.size()) {
          line.append(" ".repeat(widths.get(i) + gap - width(cell)));
        }
      }
      out.println(line);
    }
    rows.clear();
  }

  private static int width(String cell) {
    return cell.codePointCount(0, cell.length());
  }
}
