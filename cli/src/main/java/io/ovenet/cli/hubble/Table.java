package io.ovenet.cli.hubble;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/** Columns as wide as their widest cell and three blanks; the last one is not filled up. */
final class Table {
  private static final int PADDING = 3;
  private final List<List<String>> rows = new ArrayList<>();

  void row(String... cells) {
    var row = new ArrayList<String>(cells.length);
    for (String cell : cells) {
      row.add(Terminal.safe(cell));
    }
    rows.add(row);
  }

  void print(PrintWriter out) {
    var widths = new ArrayList<Integer>();
    for (List<String> row : rows) {
      for (int i = 0; i < row.size(); i++) {
        int width = row.get(i).codePointCount(0, row.get(i).length());
        if (i == widths.size()) {
          widths.add(width);
        } else {
          widths.set(i, Math.max(widths.get(i), width));
        }
      }
    }
    for (List<String> row : rows) {
      for (int i = 0; i < row.size(); i++) {
        String cell = row.get(i);
        out.print(cell);
        if (i + 1 < row.size()) {
          int width = cell.codePointCount(0, cell.length());
          out.print(" ".repeat(widths.get(i) + PADDING - width));
        }
      }
      out.println();
    }
    rows.clear();
  }
}
