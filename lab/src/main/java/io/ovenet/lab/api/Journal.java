package io.ovenet.lab.api;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Collection;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The objects on disk: a SQLite database with a write-ahead log. A commit returns when it is
 * durable ({@code synchronous=FULL}). Used by one thread at a time. The database is locked
 * exclusively, so that two servers never share a directory.
 */
final class Journal implements AutoCloseable {
  /**
   * What happens to a row.
   *
   * @param after the object to keep, or null to delete the row
   */
  record Change(long row, Key key, @Nullable Stored after) {}

  /** SQLite's wal_autocheckpoint is 1,000 pages of 4 KiB; a commit more may come on top. */
  private static final int LOG_BYTES = 1_100 * 4096;

  private final Connection connection;
  private final PreparedStatement put;
  private final PreparedStatement remove;
  private final PreparedStatement version;
  private final PreparedStatement bury;

  /** How many deletions are remembered; a tenth more before some are forgotten. */
  private final int window;

  private int buried;

  private Journal(Connection connection, int window) throws SQLException {
    this.connection = connection;
    this.window = window;
    try (Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA locking_mode=EXCLUSIVE");
      statement.execute("PRAGMA journal_mode=WAL");
      statement.execute("PRAGMA synchronous=FULL");
      statement.execute(
          "CREATE TABLE IF NOT EXISTS objects (row INTEGER PRIMARY KEY, resource TEXT NOT NULL,"
              + " namespace TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL,"
              + " json BLOB NOT NULL)");
      statement.execute(
          "CREATE TABLE IF NOT EXISTS latest (one INTEGER PRIMARY KEY CHECK (one = 1),"
              + " version INTEGER NOT NULL)");
      statement.execute("INSERT OR IGNORE INTO latest VALUES (1, 1)");
      statement.execute(
          "CREATE TABLE IF NOT EXISTS deletions (version INTEGER PRIMARY KEY,"
              + " resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,"
              + " json BLOB NOT NULL)");
      statement.execute(
          "CREATE TABLE IF NOT EXISTS floor (one INTEGER PRIMARY KEY CHECK (one = 1),"
              + " version INTEGER NOT NULL)");
      // Of a database that is older than the table nothing is known before now.
      statement.execute("INSERT OR IGNORE INTO floor SELECT 1, version FROM latest");
      lengthenLog(statement);
    }
    connection.setAutoCommit(false);
    put = connection.prepareStatement("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?, ?)");
    remove = connection.prepareStatement("DELETE FROM objects WHERE row = ?");
    version = connection.prepareStatement("UPDATE latest SET version = ?");
    bury = connection.prepareStatement("INSERT INTO deletions VALUES (?, ?, ?, ?, ?)");
    buried = (int) number("SELECT count(*) FROM deletions");
  }

  /**
   * Makes the log as long as it gets before SQLite begins it anew. From then on it is written in
   * place; a flush of a file that grows writes the file system's own journal too.
   */
  private static void lengthenLog(Statement statement) throws SQLException {
    statement.execute("CREATE TABLE IF NOT EXISTS room (bytes BLOB)");
    statement.execute("INSERT INTO room VALUES (zeroblob(" + LOG_BYTES + "))");
    statement.execute("DROP TABLE room");
    statement.execute("PRAGMA wal_checkpoint(RESTART)");
  }

  /**
   * Opens the database, and makes it if there is none.
   *
   * @param window how many deletions are remembered
   * @throws SQLException also if another process has it open
   */
  static Journal open(Path file, int window) throws SQLException {
    // The native library is unpacked beside the data rather than left in /tmp after a kill.
    if (System.getProperty("org.sqlite.tmpdir") == null) {
      System.setProperty("org.sqlite.tmpdir", String.valueOf(file.toAbsolutePath().getParent()));
    }
    Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file.toAbsolutePath());
    try {
      return new Journal(connection, window);
    } catch (SQLException e) {
      connection.close();
      throw e;
    }
  }

  long latestVersion() throws SQLException {
    return number("SELECT version FROM latest");
  }

  /** The version from which on all deletions are remembered. */
  long floor() throws SQLException {
    return number("SELECT version FROM floor");
  }

  private long number(String query) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(query)) {
      return rows.next() ? rows.getLong(1) : 0;
    }
  }

  /** Gives the deletions that are remembered, the last state of each object, oldest first. */
  void loadDeletions(Consumer<Stored> into) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "SELECT version, resource, namespace, name, json FROM deletions"
                    + " ORDER BY version")) {
      while (rows.next()) {
        Key key = new Key(rows.getString(2), rows.getString(3), rows.getString(4));
        byte[] json = rows.getBytes(5);
        into.accept(Stored.read(key, 0, rows.getLong(1), Json.parse(json), json));
      }
    }
  }

  void load(Consumer<Stored> into) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "SELECT row, resource, namespace, name, version, json FROM objects")) {
      while (rows.next()) {
        Key key = new Key(rows.getString(2), rows.getString(3), rows.getString(4));
        byte[] json = rows.getBytes(6);
        into.accept(Stored.read(key, rows.getLong(1), rows.getLong(5), Json.parse(json), json));
      }
    }
  }

  /**
   * Makes all changes durable, or none.
   *
   * @param deleted the last states of the objects that are deleted
   */
  void commit(Collection<Change> changes, Collection<Stored> deleted, long latest)
      throws SQLException {
    try {
      for (Change change : changes) {
        Stored after = change.after();
        if (after == null) {
          remove.setLong(1, change.row());
          remove.executeUpdate();
          continue;
        }
        put.setLong(1, change.row());
        put.setString(2, change.key().resource());
        put.setString(3, change.key().namespace());
        put.setString(4, change.key().name());
        put.setLong(5, after.version());
        put.setBytes(6, after.json());
        put.executeUpdate();
      }
      for (Stored object : deleted) {
        bury.setLong(1, object.version());
        bury.setString(2, object.key().resource());
        bury.setString(3, object.key().namespace());
        bury.setString(4, object.key().name());
        bury.setBytes(5, object.json());
        bury.executeUpdate();
      }
      int kept = forget(buried + deleted.size());
      version.setLong(1, latest);
      version.executeUpdate();
      connection.commit();
      buried = kept;
    } catch (SQLException e) {
      connection.rollback();
      throw e;
    }
  }

  /** Forgets the oldest deletions if there are too many; answers how many are left. */
  private int forget(int present) throws SQLException {
    if (present <= window + window / 10) {
      return present;
    }
    try (Statement statement = connection.createStatement()) {
      statement.executeUpdate(
          "UPDATE floor SET version = (SELECT version FROM deletions ORDER BY version DESC"
              + " LIMIT 1 OFFSET "
              + window
              + ")");
      return present
          - statement.executeUpdate(
              "DELETE FROM deletions WHERE version <= (SELECT version FROM floor)");
    }
  }

  @Override
  public void close() throws SQLException {
    connection.close();
  }
}
