package io.ovenet.kubernetes;

/** The API server's objects as a stream of records. */
public interface ClusterWatch {
  /**
   * Tells {@code handler} of every object of a kind from now on, until closed. Lost connections,
   * expired history and an API server that is away for a while are survived; what happened
   * meanwhile is found out by listing and told. Returns at once and never throws for a server out
   * of reach.
   */
  <R extends KubernetesRecord> Subscription watch(
      RecordKind<R> kind, WatchScope scope, RecordHandler<R> handler);

  /** A running watch. */
  interface Subscription extends AutoCloseable {
    /** Ends the watch; when it returns no call to the handler is running or will come. */
    @Override
    void close();
  }
}
